using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>
/// Gets slices: out of the store, by joining a fetch in flight, or from the origin, in that order, once. Owns every fetch it
/// starts. Thread-safe.
/// </summary>
/// <remarks>Any sign that the object changed ends its generation. How the bytes get here is <see cref="SliceFetchAttempts"/>'s.</remarks>
public sealed class SliceFetcher : IAsyncDisposable
{
    private readonly ObjectIndex _index;
    private readonly SliceMeter _meter;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stoppingToken;
    private readonly SliceFetchAttempts _filler;
    private readonly RequestCollapser _collapser = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One for the fetcher itself, one for each fetch; the last to leave completes _drained.
    private int _owners = 1;

    /// <summary>A fetcher over its collaborators, none of which it disposes.</summary>
    public SliceFetcher(
        IOriginClient origin, OriginGate gate, SliceStore store, ObjectIndex index, RetryPolicy retries, TimeProvider time, SliceMeter meter)
    {
        _index = index;
        _meter = meter;

        _time = time;

        // The token outlives its source, which is gone when a client asks after shutdown.
        _stoppingToken = _stopping.Token;
        _filler = new SliceFetchAttempts(origin, gate, store, retries, time, meter, _stoppingToken);
    }

    /// <summary>Called with each fetch that failed and is not going to be repeated. Set once, before use; must not throw.</summary>
    public Action<SliceFetch, Failure>? FetchFailed { get; set; }

    /// <summary>Finds or starts the source of one slice. Never waits. The caller releases it.</summary>
    public SliceSource Acquire(Generation generation, int sliceIndex, SubrequestTemplate template)
    {
        while (true)
        {
            if (generation.TryLease(sliceIndex, out var stored))
            {
                return new SliceSource(stored, null);
            }

            if (_collapser.TryJoin(generation, sliceIndex, out var existing))
            {
                return new SliceSource(null, existing);
            }

            if (generation.IsWhole)
            {
                return AcquireOfWhole(generation, sliceIndex);
            }

            var fetch = new SliceFetch(generation, sliceIndex);
            fetch.TryJoin();
            if (!TryEnter(fetch))
            {
                continue;
            }

            // Thread A looked into the table and found nothing; thread B committed the slice and left the collapser; A enters. Look
            // again: what was committed before A entered is seen here, and the slice is fetched once. Whoever joined A's fetch
            // meanwhile finds it complete.
            if (generation.TryLease(sliceIndex, out stored))
            {
                fetch.UseSlice(stored);
                fetch.Publish(fetch.LengthBytes);
                Finish(fetch, Failure.None);
            }
            else
            {
                _ = RunAsync(fetch, template, firstResponse: null, firstPart: default);
            }

            return new SliceSource(null, fetch);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        LeaveOwners();
        await _drained.Task;
        _stopping.Dispose();
    }

    /// <summary>
    /// Goes on with a response that is already open: the one that taught us the object. The response and its permit pass to the
    /// fetch.
    /// </summary>
    internal void Adopt(Generation generation, int sliceIndex, SubrequestTemplate template, OriginResponse response, ByteRange part)
    {
        var fetch = new SliceFetch(generation, sliceIndex);
        fetch.Start();
        if (!TryEnter(fetch))
        {
            throw new InvalidOperationException("A new generation has a fetch in flight.");
        }

        _ = RunAsync(fetch, template, response, part);
    }

    /// <summary>
    /// Cuts a body that holds the whole object into its slices, in order, for as long as somebody reads the object. The response passes
    /// to the fill.
    /// </summary>
    internal void AdoptWhole(Generation generation, OriginResponse response)
    {
        var fill = new WholeBodyFill(generation, _time);
        generation.Fill = fill;
        generation.FetchStarted();
        Interlocked.Increment(ref _owners);
        _ = RunWholeAsync(fill, response);
    }

    private static SliceSource AcquireOfWhole(Generation generation, int sliceIndex)
    {
        if (generation.Fill is { } fill && fill.TryJoin(sliceIndex, out var coming))
        {
            return new SliceSource(null, coming);
        }

        // The fill has passed it. It is stored, unless eviction was faster.
        if (generation.TryLease(sliceIndex, out var stored))
        {
            return new SliceSource(stored, null);
        }

        var gone = new SliceFetch(generation, sliceIndex);
        gone.TryJoin();
        gone.End(new Failure(FetchError.SliceGone, "evicted, and the origin gives no ranges"));
        return new SliceSource(null, gone);
    }

    // Never throws, like RunAsync.
    private async Task RunWholeAsync(WholeBodyFill fill, OriginResponse response)
    {
        Failure failure;
        try
        {
            failure = await FillWholeAsync(fill, response);
        }
        catch (OperationCanceledException)
        {
            failure = new Failure(FetchError.ShuttingDown);
        }
        catch (Exception error)
        {
            failure = new Failure(FetchError.ProxyInternalError, error.ToString());
        }

        response.Dispose();
        fill.Generation.Fill = null;
        fill.Generation.FetchEnded();
        if (failure.IsError)
        {
            // What is missing of it cannot be fetched by itself.
            _index.Remove(fill.Generation);
        }

        if (fill.End(failure) is { } unfinished && failure.Error is not (FetchError.Abandoned or FetchError.ShuttingDown))
        {
            _meter.FailedSubrequests.Add(1);
            FetchFailed?.Invoke(unfinished, failure);
        }

        LeaveOwners();
    }

    private async Task<Failure> FillWholeAsync(WholeBodyFill fill, OriginResponse response)
    {
        while (await fill.WaitForDemandAsync(_stoppingToken))
        {
            if (fill.BeginNext() is not { } fetch)
            {
                return Failure.None;
            }

            var failure = await _filler.FillFromWholeAsync(fetch, response);
            if (failure.IsError)
            {
                return failure;
            }

            fill.EndCurrent();
        }

        return new Failure(FetchError.Abandoned);
    }

    private bool TryEnter(SliceFetch fetch)
    {
        if (!_collapser.TryEnter(fetch))
        {
            return false;
        }

        fetch.Generation.FetchStarted();
        Interlocked.Increment(ref _owners);
        return true;
    }

    // Never throws: it is owned by the count in _owners, and what it has to say it says to the fetch.
    private async Task RunAsync(SliceFetch fetch, SubrequestTemplate template, OriginResponse? firstResponse, ByteRange firstPart)
    {
        Failure failure;
        try
        {
            failure = await _filler.FillAsync(fetch, template, firstResponse, firstPart);
        }
        catch (OperationCanceledException)
        {
            failure = new Failure(FetchError.ShuttingDown);
        }
        catch (Exception error)
        {
            // The edge: nobody awaits this task, and followers without an end would wait for ever.
            failure = new Failure(FetchError.ProxyInternalError, error.ToString());
        }

        if (failure.Error is FetchError.ObjectChanged or FetchError.UnexpectedStatus)
        {
            _index.Remove(fetch.Generation);
        }

        if (failure.IsError && failure.Error is not (FetchError.Abandoned or FetchError.ShuttingDown))
        {
            _meter.FailedSubrequests.Add(1);
            FetchFailed?.Invoke(fetch, failure);
        }

        Finish(fetch, failure);
    }

    private void Finish(SliceFetch fetch, Failure failure)
    {
        _collapser.Remove(fetch);
        fetch.Generation.FetchEnded();
        if (fetch.Generation is { IsShared: true, IsEmpty: true })
        {
            // Nothing is stored of the object and nothing on the way: the record alone is of no use to anybody.
            _index.Remove(fetch.Generation);
        }

        fetch.End(failure);
        LeaveOwners();
    }

    private void LeaveOwners()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            // Again by a fetch that began, and ended at once, after shutdown.
            _drained.TrySetResult();
        }
    }
}
