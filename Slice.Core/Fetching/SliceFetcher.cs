using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;

namespace Slice.Core.Fetching;

/// <summary>
/// Gets slices: out of the store, by following a fetch in flight, out of the shared tier, or from the origin, in that order, once. Owns
/// every fetch it starts. Thread-safe.
/// </summary>
/// <remarks>Any sign that the object changed ends its generation. How the bytes get here is <see cref="SliceFetchAttempts"/>'s.</remarks>
public sealed class SliceFetcher : IAsyncDisposable
{
    private readonly SliceFetchAttempts _attempts;
    private readonly ObjectIndex _index;
    private readonly TimeProvider _time;
    private readonly SliceMeter _meter;
    private readonly RequestCollapser _collapser = new();
    private readonly UnreadFills _unreadFills = new();
    private readonly WholeBodyReader _wholes;
    private readonly WholeInPlaceOfPart _inPlaceOfParts;
    private readonly TierFills _tier;
    private readonly Lock _fills = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One for the fetcher itself, one for each fetch; the last to end completes _drained.
    private int _owners = 1;

    /// <summary>A fetcher over its collaborators, none of which it disposes.</summary>
    /// <param name="attempts">Brings the bytes.</param>
    /// <param name="index">Where generations end that turn out to have changed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="meter">The metrics.</param>
    /// <param name="stopping">Cancelled at the end of the process, before this is disposed.</param>
    public SliceFetcher(SliceFetchAttempts attempts, ObjectIndex index, TimeProvider time, SliceMeter meter, CancellationToken stopping)
    {
        (_attempts, _index, _time, _meter) = (attempts, index, time, meter);
        _inPlaceOfParts = new WholeInPlaceOfPart(attempts, time);
        _tier = new TierFills(attempts, time, stopping);
        _wholes = new WholeBodyReader(attempts, _collapser, _tier, time, stopping);
    }

    /// <summary>Called with each fetch that failed and is not going to be repeated. Set once, before use; must not throw.</summary>
    public Action<SliceFetch, Failure>? FetchFailed { get; set; }

    /// <summary>
    /// Called when the origin gives an object that others may have as a whole, and refuses a part of it for good, with the reason why the
    /// part could not be had. Set once, before use; must not throw.
    /// </summary>
    public Action<Generation, Failure>? PartRefused { get; set; }

    /// <summary>The tier that is asked before the origin; null for none. Set once, before use.</summary>
    public ISharedTier? SharedTier
    {
        get => _tier.Tier;
        set => _tier.Tier = value;
    }

    /// <summary>What goes to that tier.</summary>
    internal TierFills Offers => _tier;

    /// <summary>
    /// Finds or starts the source of one slice, whose first byte a client waits for now (<paramref name="isNext"/>), or which lets
    /// <paramref name="behind"/> go first at the shared tier. Never waits. The caller releases it.
    /// </summary>
    public SliceSource Acquire(Generation generation, int sliceIndex, FetchContext context, bool isNext = false, SliceFetch? behind = null)
    {
        while (true)
        {
            if (generation.TryLease(sliceIndex, out var stored))
            {
                return new SliceSource(stored, null);
            }

            if (_collapser.TryFollow(generation, sliceIndex, out var existing))
            {
                existing.OfferTurn(context);
                return new SliceSource(null, existing);
            }

            if (AfterItsSecond(generation, context) is { } after)
            {
                generation = after;
                continue;
            }

            if (generation.IsWhole)
            {
                return AcquireOfWhole(generation, sliceIndex);
            }

            if (generation.Fill is WholeBodyFill beside && beside.TryFollow(sliceIndex, out var coming))
            {
                return new SliceSource(null, coming);
            }

            var fetch = new SliceFetch(generation, sliceIndex) { TierPlace = _tier.PlaceBehind(behind), IsNext = isNext };
            fetch.TryFollow();
            if (!TryAdd(fetch))
            {
                continue;
            }

            // Thread A looked into the table and found nothing; thread B committed the slice and left the collapser; A enters. Look
            // again: what was committed before A entered is seen here, and the slice is fetched once. Whoever follows A's fetch
            // meanwhile finds it complete.
            if (generation.TryLease(sliceIndex, out stored))
            {
                fetch.UseSlice(stored);
                fetch.Publish(fetch.LengthBytes);
                Finish(fetch, Failure.None);
            }
            else
            {
                _ = RunAsync(fetch, context, open: null, part: default);
            }

            return new SliceSource(null, fetch, IsOwn: true);
        }
    }

    /// <summary>Waits until every fetch has ended. The token that was given at the start must have been cancelled.</summary>
    public async ValueTask DisposeAsync()
    {
        RemoveOwner();
        await _drained.Task;
    }

    /// <summary>
    /// Takes the place of a slice of a new generation, for a response that is open already. From here on others follow; the caller goes on
    /// with <see cref="PreparedFetch.Continue"/>.
    /// </summary>
    /// <param name="generation">The generation.</param>
    /// <param name="sliceIndex">The slice.</param>
    /// <param name="turn">The turn that ends with the fetch; null for none.</param>
    internal PreparedFetch Prepare(Generation generation, int sliceIndex, TierTurn? turn = null)
    {
        var fetch = new SliceFetch(generation, sliceIndex) { Turn = turn, IsFirst = true };
        fetch.Start();
        return TryAdd(fetch)
            ? new PreparedFetch(this, fetch)
            : throw new InvalidOperationException($"Slice {sliceIndex} of a new generation has a fetch in flight.");
    }

    /// <summary>Goes on with a fetch that was prepared, and the response that tells us of the object, which passes to the fetch.</summary>
    internal void Continue(SliceFetch prepared, FetchContext context, PermittedResponse open, ByteRange part) =>
        _ = RunAsync(prepared, context, open, part);

    /// <summary>Takes the place of all slices of a new generation, for a body that holds the whole object.</summary>
    internal PreparedFetch PrepareWhole(Generation generation, FetchSettings settings) =>
        new(this, NewFill(generation, settings.FillWholeBytes));

    /// <summary>
    /// The same for an object of which some slices are stored; those are passed over. Null when another body is filling it already.
    /// </summary>
    internal PreparedFetch? TryPrepareRest(Generation generation, FetchSettings settings)
    {
        lock (_fills)
        {
            return generation.Fill is null || generation.WasLeft ? PrepareWhole(generation, settings) : null;
        }
    }

    /// <summary>
    /// Cuts a body that holds the whole object into its slices, in order, for as long as somebody reads the object. The response passes
    /// to the fill.
    /// </summary>
    /// <param name="prepared">The fill.</param>
    /// <param name="response">The body.</param>
    /// <param name="context">On whose behalf turns at the origin are taken when nobody reads; null for a fill that then ends.</param>
    internal void ContinueWhole(WholeBodyFill prepared, OriginResponse response, FetchContext? context = null) =>
        _ = RunWholeAsync(prepared, response, context);

    /// <summary>Ends a fetch: everybody who follows learns of the failure, if there is one.</summary>
    internal void Finish(SliceFetch fetch, Failure failure)
    {
        _collapser.Remove(fetch);
        fetch.Generation.FetchEnded();
        if (fetch.Generation is { IsShared: true, IsEmpty: true })
        {
            // Nothing is stored of the object and nothing on the way: the record alone is of no use to anybody.
            _index.Remove(fetch.Generation);
        }

        fetch.End(failure);
        fetch.TakeTurn()?.End(isFilled: false);
        RemoveOwner();
    }

    /// <summary>Ends a fill: everybody who follows learns of the failure, if there is one.</summary>
    internal void FinishWhole(WholeBodyFill fill, Failure failure)
    {
        fill.Generation.EndFill(fill);
        fill.Generation.FetchEnded();
        if (failure.IsError && fill.Generation.IsWhole && !IsOfUse(fill.Generation, failure))
        {
            // What is missing of it cannot be fetched by itself.
            _index.Remove(fill.Generation);
        }

        if (fill.End(failure) is { } unfinished && failure.Error is not (FetchError.Abandoned or FetchError.ShuttingDown))
        {
            _meter.FailedSubrequests.Add(1);
            FetchFailed?.Invoke(unfinished, failure);
        }
        else if (!failure.IsError)
        {
            _meter.CompletedSubrequests.Add(1);
            _tier.Offer(fill.Generation, null);
        }

        RemoveOwner();
    }

    // B25: what is missing of an object of its second when that is over is fetched once, for those who began in that second and for those
    // who come now; null for any other object.
    private Generation? AfterItsSecond(Generation generation, FetchContext context) =>
        generation.IsOfItsSecond && generation.IsInDoubtAt(Instant.Now(_time))
            ? _index.AfterItsSecond(generation, context.Reader.ComparedBy)
            : null;

    private static SliceSource AcquireOfWhole(Generation generation, int sliceIndex)
    {
        if (generation.Fill is WholeBodyFill fill && fill.TryFollow(sliceIndex, out var coming))
        {
            return new SliceSource(null, coming);
        }

        // The fill has passed it. It is stored, unless eviction was faster.
        if (generation.TryLease(sliceIndex, out var stored))
        {
            return new SliceSource(stored, null);
        }

        var gone = new SliceFetch(generation, sliceIndex);
        gone.TryFollow();
        gone.End(new Failure(FetchError.SliceGone, "evicted, and the origin gives no ranges"));
        return new SliceSource(null, gone);
    }

    // What was read until nobody wanted more is good for ranges inside, and the rest of a later body joins it: on the strength of the
    // validator (RFC 9110 §15.3.7.3).
    private static bool IsOfUse(Generation generation, Failure failure) =>
        failure.Error is FetchError.Abandoned or FetchError.ShuttingDown
        && generation is { IsShared: true, Response.MayCombine: true, StoredSlices: > 0 };

    // Never throws, like RunAsync.
    private async Task RunWholeAsync(WholeBodyFill fill, OriginResponse response, FetchContext? context)
    {
        Failure failure;
        try
        {
            failure = await _wholes.FillAsync(fill, response, context);
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
        FinishWhole(fill, failure);
    }

    private WholeBodyFill NewFill(Generation generation, long unreadBytes = 0)
    {
        var fill = new WholeBodyFill(generation, _time, _unreadFills, unreadBytes);
        (generation.Fill, generation.WasLeft) = (fill, false);
        generation.FetchStarted();
        Interlocked.Increment(ref _owners);
        return fill;
    }

    // B60: the whole has come in place of a part. One body serves all that are waiting for it; what else it brings is stored where it is
    // missing, as far as the body is read.
    private Task<Failure> FillFromWholeAsync(SliceFetch fetch, OriginResponse whole)
    {
        var generation = fetch.Generation;
        var (fill, filled) = (default(WholeBodyFill), default(Task<Failure>));
        lock (_fills)
        {
            if (generation.Fill is WholeBodyFill running && running.TryAdopt(fetch, out filled))
            {
                whole.Dispose();
                return filled;
            }

            fill = NewFill(generation);
            filled = fill.TryAdopt(fetch, out filled) ? filled
                : throw new InvalidOperationException("A fill that has not begun passed a slice.");
        }

        // Outside the lock: whoever waits for its first bytes may go on on this thread.
        ContinueWhole(fill, whole);
        return filled;
    }

    private bool TryAdd(SliceFetch fetch)
    {
        if (!_collapser.TryAdd(fetch))
        {
            return false;
        }

        fetch.Generation.FetchStarted();
        Interlocked.Increment(ref _owners);
        return true;
    }

    // Never throws: it is owned by the count in _owners, and what it has to say it says to the fetch.
    private async Task RunAsync(SliceFetch fetch, FetchContext context, PermittedResponse? open, ByteRange part)
    {
        Failure failure;
        fetch.RequestId = context.Template.RequestId;
        try
        {
            failure = open is null && await _tier.TryFillAsync(fetch) ? Failure.None : await FillAsync(fetch, context, open, part);
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
            _index.RemoveChanged(fetch.Generation);
        }

        if (failure.IsError && failure.Error is not (FetchError.Abandoned or FetchError.ShuttingDown))
        {
            FinishedSubrequests.CountFailed(_meter, failure);
            FetchFailed?.Invoke(fetch, failure);
        }

        Finish(fetch, failure);
    }

    private async Task<Failure> FillAsync(SliceFetch fetch, FetchContext context, PermittedResponse? open, ByteRange part)
    {
        var failure = await _attempts.FillAsync(fetch, context, open, part);
        failure = await TryInPlaceOfPartAsync(fetch, context, failure, isAgain: false);
        for (int wholes = 0; fetch.Whole is { } whole; wholes++)
        {
            fetch.Whole = null;
            failure = await FillFromWholeAsync(fetch, whole);
            if (failure.Error.IsRetryable() && wholes < context.Settings.Retries.MaxRetries && fetch.TryAwait())
            {
                failure = await _attempts.FillAsync(fetch, context, open: null, part: default);
                failure = await TryInPlaceOfPartAsync(fetch, context, failure, isAgain: true);
            }
        }

        if (!failure.IsError)
        {
            _meter.CompletedSubrequests.Add(1);
            _tier.Offer(fetch);
        }

        return failure;
    }

    // B59: a part that is refused for good may be had with the whole, which others may be reading already.
    private async Task<Failure> TryInPlaceOfPartAsync(SliceFetch fetch, FetchContext context, Failure failure, bool isAgain)
    {
        if (!_inPlaceOfParts.CanHelp(fetch, failure, isAgain) || !fetch.TryAwait())
        {
            return failure;
        }

        var filled = WholeInPlaceOfPart.MayJoin(fetch, context, failure) ? TryAdoptByFill(fetch) : null;
        return await (filled ?? _inPlaceOfParts.AskAsync(fetch, context, failure, PartRefused));
    }

    private Task<Failure>? TryAdoptByFill(SliceFetch fetch)
    {
        lock (_fills)
        {
            return fetch.Generation.Fill is WholeBodyFill running && running.TryAdopt(fetch, out var filled) ? filled : null;
        }
    }

    private void RemoveOwner()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            // Again by a fetch that began, and ended at once, after shutdown.
            _drained.TrySetResult();
        }
    }
}
