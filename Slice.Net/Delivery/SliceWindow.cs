using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Ranges;
using Slice.Net.Exchange;

namespace Slice.Net.Delivery;

/// <summary>
/// The slices of a plan that a delivery holds ahead of the client: the one being sent and those after it, at most
/// <c>max_concurrent_subrequests</c> together. Of those, as many are fetched as <see cref="Size"/> says; what is stored costs the origin
/// nothing and is leased as far as there are places. One per delivery; not thread-safe.
/// </summary>
internal sealed class SliceWindow(SliceFetcher fetcher)
{
    private SliceSource[] _sources = [];
    private HttpExchange? _exchange;
    private Generation? _generation;
    private SlicePlan _plan;
    private IGenerationFill? _fill;
    private int _first;
    private int _end;

    // Of those between the two, how many are fetches, complete or not.
    private int _fetches;

    // Odd while a delivery runs, and another number for each: see TryLook.
    private int _run;

    /// <summary>How many may be fetched at a time.</summary>
    public WindowSize Size { get; } = new();

    /// <summary>The source of the slice whose turn it is.</summary>
    public SliceSource Current => _sources[_first % _sources.Length];

    /// <summary>Whether every slice that was asked for has had its turn: there is no current one.</summary>
    public bool IsAtEnd => _first == _end;

    /// <summary>What is delivered.</summary>
    public SlicePlan Plan => _plan;

    /// <summary>Ordinal in the plan of the slice whose turn it is.</summary>
    public int CurrentOrdinal => _first;

    /// <summary>Ordinal after the last slice that was asked for.</summary>
    public int EndOrdinal => _end;

    /// <summary>The source of a slice between <see cref="CurrentOrdinal"/> and <see cref="EndOrdinal"/>.</summary>
    public SliceSource this[int ordinal] => _sources[ordinal % _sources.Length];

    /// <summary>
    /// Begins with nothing asked for, and places for <paramref name="mostSlices"/> slices. With <paramref name="hasWaited"/> the client
    /// has waited for the origin already, for its head. With <paramref name="goesOn"/> it is one more part of the response before it, whose
    /// size stays.
    /// </summary>
    public void Begin(
        HttpExchange exchange, Generation generation, SlicePlan plan, int mostSlices, bool hasWaited = false, bool goesOn = false)
    {
        if (_sources.Length != mostSlices)
        {
            _sources = new SliceSource[mostSlices];
        }

        if (!goesOn)
        {
            Size.Begin(mostSlices);
        }

        Size.NoteHead(hasWaited);

        (_exchange, _generation, _plan, _first, _end, _fetches) = (exchange, generation, plan, 0, 0, 0);
        Volatile.Write(ref _run, _run + 1);
        ReadFill();
    }

    /// <summary>
    /// Asks for the slices that have a place and may be fetched; the current one is always among them. Slices of a body that comes as a
    /// whole may: following them asks the origin for nothing.
    /// </summary>
    public void Fill()
    {
        ReadFill();
        for (; _end < _plan.Count && _end - _first < _sources.Length; _end++)
        {
            int sliceIndex = _plan[_end].SliceIndex;
            if (_generation!.TryLease(sliceIndex, out var stored))
            {
                _sources[_end % _sources.Length] = new SliceSource(stored, null);
            }
            else if (_fetches < Size.Slices || _generation.IsWhole)
            {
                bool isNext = _end == _first;
                var before = isNext ? null : Current.Fetch;
                Put(_end, fetcher.Acquire(_generation, sliceIndex, _exchange!.FetchContext, isNext, before));
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>The client waits for bytes of the current slice that the origin has not given yet.</summary>
    public void NoteWait() => Size.Waited(_fetches);

    /// <summary>Whether a slice that was asked for will not come.</summary>
    public bool HasFailed()
    {
        for (int ordinal = _first; ordinal < _end; ordinal++)
        {
            if (this[ordinal].Fetch is { Failure.IsError: true })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether the object comes as a whole only, and its body has ended before slices of the plan had come: nobody who read it was left.
    /// </summary>
    public bool LacksSlices() =>
        _fill is null
        && _generation is { IsWhole: true, WasLeft: true, IsComplete: false }
        && _generation.CountStored(_plan.FirstSliceIndex, _plan.Count) < _plan.Count;

    /// <summary>Gets the current slice anew, after what was stored of it has turned out to be of no use and was dropped.</summary>
    public void Renew()
    {
        ReleaseCurrent();
        Put(_first, fetcher.Acquire(_generation!, _plan[_first].SliceIndex, _exchange!.FetchContext, isNext: true));
    }

    /// <summary>Releases the current slice, which the client has taken, and goes on to the next.</summary>
    public void Advance()
    {
        ReleaseCurrent();
        _first++;
        Size.Taken(CountLying());
    }

    /// <summary>Releases everything that is held.</summary>
    public void End()
    {
        for (; _first < _end; _first++)
        {
            ReleaseCurrent();
        }

        Volatile.Write(ref _run, _run + 1);
        _fill?.RemoveReader();
        (_exchange, _generation, _fill) = (null, null, null);
    }

    /// <summary>What it holds just now, for another thread; false when nothing is being delivered.</summary>
    /// <remarks>
    /// Thread A delivers; thread B looks. A changes the number before and after a delivery and never waits for B. B reads the number, the
    /// rest, and the number again: when it has changed, what B has read may be of two deliveries, and B has seen nothing. On a processor
    /// that reorders writes it may be so all the same, once in a while; so B looks whether the figures fit each other, and what comes of
    /// them is shown to a person and used for nothing else.
    /// </remarks>
    public bool TryLook(out WindowGlance glance)
    {
        int run = Volatile.Read(ref _run);
        var (exchange, generation, plan, sources) = (_exchange, _generation, _plan, _sources);
        int first = Math.Max(0, Volatile.Read(ref _first));
        int end = Math.Clamp(Volatile.Read(ref _end), first, first + sources.Length);
        Interlocked.MemoryBarrier();
        if (run % 2 == 0 || run != Volatile.Read(ref _run) || exchange is null || generation is null
            || plan.FirstSliceIndex + plan.Count > generation.Grid.CountFor(generation.CompleteLength))
        {
            glance = default;
            return false;
        }

        glance = new WindowGlance(exchange, generation, plan, sources, first, end);
        return true;
    }

    private void Put(int ordinal, SliceSource source)
    {
        _sources[ordinal % _sources.Length] = source;
        _fetches += source.Fetch is null ? 0 : 1;
    }

    private void ReleaseCurrent()
    {
        ref var current = ref _sources[_first % _sources.Length];
        _fetches -= current.Fetch is null ? 0 : 1;
        current.Release();
        current = default;
    }

    // Slices that were fetched ahead of the client and wait for nothing else.
    private int CountLying()
    {
        int lying = 0;
        for (int ordinal = _first; _fetches > 0 && ordinal < _end; ordinal++)
        {
            lying += this[ordinal].Fetch is { } fetch && fetch.AvailableBytes == fetch.LengthBytes ? 1 : 0;
        }

        return lying;
    }

    // A body of the whole may begin to fill the object meanwhile, and goes on for as long as it is read.
    private void ReadFill()
    {
        if (_generation!.Fill is { } fill && fill != _fill && fill.TryAddReader())
        {
            _fill?.RemoveReader();
            _fill = fill;
        }
    }
}
