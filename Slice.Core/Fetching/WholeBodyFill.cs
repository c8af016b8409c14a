using System.Diagnostics.CodeAnalysis;
using Slice.Core.Objects;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>
/// One body that holds a whole object, on its way into the slices of a generation, first byte to last (B12). It runs as far
/// as a reader has asked, waits while all of them are slow, and ends when the last one has left; or goes on for a while without readers,
/// when that one had what it wanted. Thread-safe.
/// </summary>
/// <remarks>
/// The object is one that its origin gives as a whole only, or one that comes in parts, and the whole came in place of a part (B60).
/// Of such an object slices may be stored, or on their way, already: those are passed over. Its fill ends as soon as nobody waits for a
/// slice, and who is far ahead asks for parts again.
/// Protocol for a reader: <see cref="TryAddReader"/>; then <see cref="TryFollow"/> for each slice it comes to, which gives a fetch to
/// follow or says that the slice was passed and is to be looked for in the store; at last <see cref="RemoveReader"/>. The fetcher drives
/// it:
/// <see cref="WaitForDemandAsync"/>, <see cref="BeginNext"/>, <see cref="EndCurrent"/>, and <see cref="End"/>.
/// </remarks>
public sealed class WholeBodyFill : IGenerationFill
{
    /// <summary>
    /// How long a fill waits for its first reader, which is on its way. Arbitrary; far longer than from an answer to its delivery.
    /// </summary>
    private static readonly TimeSpan s_firstReader = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Slices ahead of the body from which on a part is asked for rather than waited for. Arbitrary; more than the windows of most clients.
    /// </summary>
    private const int FarSlices = 32;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, SliceFetch> _pending = [];

    // Fetches among the pending ones that others started and end, who wait here for the bytes.
    private readonly Dictionary<int, TaskCompletionSource<Failure>> _adopted = [];
    private readonly TimeProvider _time;
    private readonly int _count;
    private TaskCompletionSource? _changed;
    private int _next;
    private int _lastWanted;
    private int _readers;
    private readonly UnreadFills? _unreadFills;
    private long _unreadBytes;
    private bool _hadReader;
    private bool _wasLeftEarly;
    private bool _hasEnded;
    private bool _keepsSlices;

    /// <summary>
    /// A fill that has not begun. Until <see cref="End"/> the slices of the object stay, also when the object is retired.
    /// </summary>
    /// <param name="generation">The object.</param>
    /// <param name="time">The clock.</param>
    /// <param name="unreadFills">Where the fill takes a place when it goes on although nobody reads it; null: it never does.</param>
    /// <param name="unreadBytes">Most bytes that it goes on for then.</param>
    internal WholeBodyFill(Generation generation, TimeProvider time, UnreadFills? unreadFills = null, long unreadBytes = 0)
    {
        Generation = generation;
        _time = time;
        (_unreadFills, _unreadBytes) = (unreadFills, unreadBytes);
        _count = generation.Grid.CountFor(generation.CompleteLength);

        // A purge may come between the lesson about the object and those who wait for it. What the body has passed by then is nowhere else.
        _keepsSlices = generation.TryAddReader();
    }

    /// <summary>The object.</summary>
    public Generation Generation { get; }

    /// <summary>Whether all slices have been begun or passed over. For whoever drives the fill.</summary>
    internal bool IsAtEnd => _next == _count;

    /// <summary>Whether nobody reads the slice that <see cref="WaitForDemandAsync"/> said yes to. For whoever drives the fill.</summary>
    internal bool IsUnread { get; private set; }

    /// <inheritdoc/>
    public bool TryAddReader()
    {
        lock (_lock)
        {
            if (_hasEnded)
            {
                return false;
            }

            _readers++;
            _hadReader = true;
            return true;
        }
    }

    /// <inheritdoc/>
    public void RemoveReader()
    {
        TaskCompletionSource? changed;
        lock (_lock)
        {
            if (--_readers == 0)
            {
                // Who goes before the slices that it asked for have come wants them no more, and has not had what it wanted.
                _wasLeftEarly = _next <= _lastWanted;
            }

            changed = TakeChangedUnsynchronized();
        }

        changed?.SetResult();
    }

    /// <summary>Asks for a slice and joins its fetch; false when the fill has passed it or has ended.</summary>
    public bool TryFollow(int sliceIndex, [NotNullWhen(true)] out SliceFetch? fetch)
    {
        TaskCompletionSource? changed;
        lock (_lock)
        {
            fetch = null;
            bool isFar = !Generation.IsWhole && sliceIndex - _next >= FarSlices;
            if (_hasEnded || isFar || sliceIndex < _next - (_pending.ContainsKey(_next - 1) ? 1 : 0))
            {
                return false;
            }

            fetch = FetchOfUnsynchronized(sliceIndex);
            fetch.TryFollow();
            _lastWanted = Math.Max(_lastWanted, sliceIndex);
            changed = TakeChangedUnsynchronized();
        }

        changed?.SetResult();
        return true;
    }

    /// <summary>
    /// Takes in a fetch that somebody else has started: its slice gets its bytes from this body. False when the fill has come to the slice
    /// already, or has ended.
    /// </summary>
    /// <param name="fetch">The fetch; whoever has started it ends it.</param>
    /// <param name="filled">Completes when the bytes are there, or with the reason why they are not; never faults.</param>
    internal bool TryAdopt(SliceFetch fetch, [NotNullWhen(true)] out Task<Failure>? filled)
    {
        TaskCompletionSource? changed;
        lock (_lock)
        {
            filled = null;
            if (_hasEnded || fetch.SliceIndex < _next || !_pending.TryAdd(fetch.SliceIndex, fetch))
            {
                return false;
            }

            var adopted = new TaskCompletionSource<Failure>(TaskCreationOptions.RunContinuationsAsynchronously);
            _adopted.Add(fetch.SliceIndex, adopted);
            filled = adopted.Task;
            _lastWanted = Math.Max(_lastWanted, fetch.SliceIndex);
            changed = TakeChangedUnsynchronized();
        }

        changed?.SetResult();
        return true;
    }

    /// <summary>
    /// Passes over the next slice, whose bytes are then dropped, when nobody waits for it here and it is there, or coming, by another way.
    /// </summary>
    /// <param name="isElsewhere">Whether a slice is.</param>
    /// <param name="lengthBytes">Bytes of the slice.</param>
    internal bool TryPassNext(Func<int, bool> isElsewhere, out int lengthBytes)
    {
        lock (_lock)
        {
            lengthBytes = 0;
            if (_next == _count || _pending.ContainsKey(_next) || !isElsewhere(_next))
            {
                return false;
            }

            lengthBytes = (int)Generation.Grid.RangeOf(_next++, Generation.CompleteLength).Length;
            return true;
        }
    }

    /// <summary>
    /// Ends a fill that nobody reads; false when somebody does. Who comes from then on finds it ended.
    /// </summary>
    internal bool TryEndUnread()
    {
        lock (_lock)
        {
            if (_readers == 0)
            {
                EndLeftUnsynchronized();
            }

            return _hasEnded;
        }
    }

    /// <summary>
    /// Waits until the next slice is wanted, or all are done; false when nobody reads any more and the fill may not go on for nobody.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> was cancelled.</exception>
    internal async Task<bool> WaitForDemandAsync(CancellationToken stopping)
    {
        while (true)
        {
            Task changed;
            bool hadReader;
            lock (_lock)
            {
                // The first slice is always filled: it is what the client that caused this waits for.
                if (_next == _count || (_next <= _lastWanted && IsWaitedForUnsynchronized()))
                {
                    EndUnreadUnsynchronized();
                    return true;
                }

                hadReader = _hadReader;
                if (hadReader && _readers == 0)
                {
                    if (MayGoOnUnreadUnsynchronized())
                    {
                        return true;
                    }

                    // Under the same lock as TryAddReader: who comes from now on must not join what is about to end.
                    EndLeftUnsynchronized();
                    return false;
                }

                _changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                changed = _changed.Task;
            }

            // Readers are bounded by their own deadlines towards their clients, and each of them leaves in the end.
            try
            {
                await changed.WaitAsync(hadReader ? Timeout.InfiniteTimeSpan : s_firstReader, _time, stopping);
            }
            catch (TimeoutException)
            {
                lock (_lock)
                {
                    if (!_hadReader)
                    {
                        EndLeftUnsynchronized();
                        return false;
                    }
                }
            }
        }
    }

    /// <summary>Begins the next slice; null when all are done.</summary>
    internal SliceFetch? BeginNext()
    {
        lock (_lock)
        {
            return _next == _count ? null : FetchOfUnsynchronized(_next++);
        }
    }

    /// <summary>
    /// Ends the slice that was begun last, complete; it must have been committed, so that who does not find it here finds it there.
    /// </summary>
    internal void EndCurrent()
    {
        SliceFetch? fetch;
        TaskCompletionSource<Failure>? adopted;
        lock (_lock)
        {
            _pending.Remove(_next - 1, out fetch);
            _adopted.Remove(_next - 1, out adopted);
        }

        EndOne(fetch!, adopted, Failure.None);
    }

    /// <summary>Ends the fill and every fetch that is not complete. Returns the first of them, or null.</summary>
    internal SliceFetch? End(Failure failure)
    {
        (SliceFetch Fetch, TaskCompletionSource<Failure>? Adopted)[] unfinished;
        bool keptSlices;
        lock (_lock)
        {
            _hasEnded = true;
            (keptSlices, _keepsSlices) = (_keepsSlices, false);
            EndUnreadUnsynchronized();
            unfinished = [.. _pending.Select(pending => (pending.Value, _adopted.GetValueOrDefault(pending.Key)))];
            _pending.Clear();
            _adopted.Clear();
        }

        foreach (var (fetch, adopted) in unfinished)
        {
            EndOne(fetch, adopted, failure);
        }

        if (keptSlices)
        {
            Generation.RemoveReader();
        }

        return unfinished.FirstOrDefault(pending => pending.Adopted is null).Fetch;
    }

    private static void EndOne(SliceFetch fetch, TaskCompletionSource<Failure>? adopted, Failure failure)
    {
        if (adopted is null)
        {
            fetch.End(failure);
        }
        else
        {
            adopted.SetResult(failure);
        }
    }

    // Of an object that comes in parts as well, no byte is read for clients that have all left.
    private bool IsWaitedForUnsynchronized() => Generation.IsWhole || _readers > 0 || _pending.Values.Any(fetch => fetch.IsFollowed);

    // A client that had its range of a file that the origin gives as a whole only: the next range lies elsewhere, and would cost the whole
    // again (B12). Not after one that broke off (B33), nor for an object of which only all is of use, and all is too much.
    private bool MayGoOnUnreadUnsynchronized()
    {
        if (_wasLeftEarly || Generation is not { IsWhole: true, IsShared: true, IsRetired: false })
        {
            return false;
        }

        long nextBytes = Generation.Grid.RangeOf(_next, Generation.CompleteLength).Length;
        long restBytes = Generation.CompleteLength - Generation.Grid.RangeOf(_next, Generation.CompleteLength).Start;
        bool isWithin = (Generation.Response.MayCombine ? nextBytes : restBytes) <= _unreadBytes;
        if (!isWithin || !(IsUnread || _unreadFills?.TryEnter() == true))
        {
            return false;
        }

        IsUnread = true;
        _unreadBytes -= nextBytes;
        return true;
    }

    private void EndLeftUnsynchronized()
    {
        _hasEnded = true;
        Generation.WasLeft = true;
    }

    private void EndUnreadUnsynchronized()
    {
        if (IsUnread)
        {
            IsUnread = false;
            _unreadFills!.Leave();
        }
    }

    private SliceFetch FetchOfUnsynchronized(int sliceIndex)
    {
        if (!_pending.TryGetValue(sliceIndex, out var fetch))
        {
            fetch = new SliceFetch(Generation, sliceIndex);
            fetch.Start();
            _pending.Add(sliceIndex, fetch);
        }

        return fetch;
    }

    private TaskCompletionSource? TakeChangedUnsynchronized()
    {
        var changed = _changed;
        _changed = null;
        return changed;
    }
}
