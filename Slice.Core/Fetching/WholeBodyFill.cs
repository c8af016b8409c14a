using System.Diagnostics.CodeAnalysis;
using Slice.Core.Objects;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>
/// One body from an origin that knows no ranges, on its way into the slices of a generation, first byte to last (B12). It runs as far
/// as a reader has asked, waits while all of them are slow, and ends when the last one has left. Thread-safe.
/// </summary>
/// <remarks>
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

    private readonly Lock _lock = new();
    private readonly Dictionary<int, SliceFetch> _pending = [];
    private readonly TimeProvider _time;
    private readonly int _count;
    private TaskCompletionSource? _changed;
    private int _next;
    private int _lastWanted;
    private int _readers;
    private bool _hadReader;
    private bool _hasEnded;

    internal WholeBodyFill(Generation generation, TimeProvider time)
    {
        Generation = generation;
        _time = time;
        _count = generation.Grid.CountFor(generation.CompleteLength);
    }

    /// <summary>The object.</summary>
    public Generation Generation { get; }

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
            _readers--;
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
            if (_hasEnded || sliceIndex < _next - (_pending.ContainsKey(_next - 1) ? 1 : 0))
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

    /// <summary>Waits until the next slice is wanted, or all are done; false when nobody reads any more.</summary>
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
                if (_next == _count || _next <= _lastWanted)
                {
                    return true;
                }

                hadReader = _hadReader;
                if (hadReader && _readers == 0)
                {
                    // Under the same lock as TryAddReader: who comes from now on must not join what is about to end.
                    _hasEnded = true;
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
                        _hasEnded = true;
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
        lock (_lock)
        {
            _pending.Remove(_next - 1, out fetch);
        }

        fetch!.End(Failure.None);
    }

    /// <summary>Ends the fill and every fetch that is not complete. Returns the first of them, or null.</summary>
    internal SliceFetch? End(Failure failure)
    {
        SliceFetch[] unfinished;
        lock (_lock)
        {
            _hasEnded = true;
            unfinished = [.. _pending.Values];
            _pending.Clear();
        }

        foreach (var fetch in unfinished)
        {
            fetch.End(failure);
        }

        return unfinished.Length == 0 ? null : unfinished[0];
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
