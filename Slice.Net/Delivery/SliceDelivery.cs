using System.Runtime.CompilerServices;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Net.Exchange;

namespace Slice.Net.Delivery;

/// <summary>
/// Sends the parts of a plan in order while a bounded window of slices ahead is on its way. Rented from <see cref="DeliveryPool"/> for one
/// response; one delivery at a time.
/// </summary>
/// <remarks>
/// Each slice is leased from the store or joined in flight when it enters the <see cref="SliceWindow"/>. A slice in flight is sent as its
/// bytes land. A slow client holds its window and no more; the slices in it are in the store, not in memory of ours.
/// </remarks>
internal sealed class SliceDelivery
{
    // Fetches of others that may fail before a client asks by itself. Arbitrary.
    private const int MaxRenewals = 4;

    private static readonly DeliveryOutcome s_leftTheCache =
        new(DeliveryStatus.Failed, HasBegun: false, new Failure(FetchError.ObjectChanged, "it left the cache meanwhile"));

    private readonly SliceWindow _window;
    private readonly SliceFetcher _fetcher;
    private readonly UnstoredDelivery _unstored;
    private readonly SliceMeter _meter;
    private readonly PageResidency _residency;

    // Made for the first bytes that are missing: most deliveries never meet any.
    private PageWish? _wish;
    private PagesAhead? _ahead;

    // Counted here and added to the metrics once per delivery.
    private long _bytesFromStore;
    private long _bytesSent;
    private int _sentOfSlice;
    private int _hits;
    private int _misses;

    /// <summary>A delivery over what all of them share.</summary>
    public SliceDelivery(SliceFetcher fetcher, UnstoredDelivery unstored, PageResidency residency, SliceMeter meter)
    {
        _window = new SliceWindow(fetcher);
        _fetcher = fetcher;
        _unstored = unstored;
        _residency = residency;
        _meter = meter;
    }

    /// <summary>
    /// Whether a generation was replaced or purged since it was looked up, so that a response of which nothing is sent does better to look
    /// again: what is there by now may do without the origin. Not what was learned for this very request: that also leaves when the store
    /// does not take it, and then nothing else is there.
    /// </summary>
    public static bool HasLeftTheCache(Generation generation, bool isFirstFetched) =>
        generation.IsReplaced || (!isFirstFetched && generation is { IsShared: true, IsRetired: true });

    /// <summary>
    /// Sends <paramref name="head"/> together with the first bytes, then the rest of the plan. The head does not leave before the
    /// first byte of the body is there, so that a failure until then can still be answered with a status. With
    /// <paramref name="isFirstFetched"/> the first slice came with the lesson about the object: a miss, though it may be stored by now.
    /// With <paramref name="mayStartOver"/> an object that has left the cache before that byte, or whose body has ended, is a failure that
    /// the caller answers with what is there by then; without, its bytes are asked of the origin.
    /// The caller is a reader of the generation (<see cref="Generation.TryAddReader"/>) for as long as the call lasts.
    /// With <paramref name="dropsPassed"/> a slice of a generation that is for this response only goes when it has been sent. With
    /// <paramref name="goesOn"/> it is one more part of the response that was sent last.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<DeliveryOutcome> RunAsync(
        HttpExchange exchange,
        Generation generation,
        SlicePlan plan,
        ReadOnlyMemory<byte> head,
        bool isFirstFetched,
        bool mayStartOver = false,
        bool dropsPassed = true,
        bool goesOn = false)
    {
        _window.Begin(exchange, generation, plan, exchange.Settings.Options.MaxConcurrentSubrequests, isFirstFetched, goesOn);
        try
        {
            for (int ordinal = 0; ordinal < plan.Count; ordinal++)
            {
                _sentOfSlice = 0;
                _window.Fill();
                if (ordinal == 0 && mayStartOver && ((generation.IsReplaced && _window.HasFailed()) || _window.LacksSlices()))
                {
                    return s_leftTheCache;
                }

                var part = plan[ordinal];
                if (_window.Current.Stored is { } unverified && !unverified.IsStillVerified() && !await VerifyAsync(unverified, part))
                {
                    _meter.CacheErrors.Add(1);
                    DropDamaged(generation, unverified);
                    _window.Renew();
                }

                var source = _window.Current;
                var outcome = source.Stored is { } stored
                    ? OutcomeOf(await WriteStoredAsync(exchange, head, stored, part), stored, generation, head)
                    : await FollowAsync(exchange, source.Fetch!, part, head);
                bool isHit = source.Stored is not null && !(isFirstFetched && ordinal == 0);
                if (outcome.Status == DeliveryStatus.Delivered)
                {
                    Count(isHit, part.TakeBytes);
                    exchange.Story?.SliceSent(exchange, generation, part, isHit);
                }
                else if (mayStartOver && LeftBeforeItBegan(generation, outcome, isFirstFetched))
                {
                    return s_leftTheCache;
                }
                else
                {
                    (outcome, bool isRestSent) = await RecoverAsync(exchange, generation, part, head, outcome);
                    if (isRestSent || outcome.Status != DeliveryStatus.Delivered)
                    {
                        return outcome;
                    }
                }

                _window.Advance();
                head = default;
                if (!generation.IsShared && dropsPassed)
                {
                    // Nobody else may have it, and this response is past it.
                    generation.DropThrough(plan.FirstSliceIndex, part.SliceIndex);
                }
            }

            return new DeliveryOutcome(DeliveryStatus.Delivered, HasBegun: true, Failure.None);
        }
        finally
        {
            // Of a slice that did not come to its end, also when the client left while more of the slice was awaited.
            _bytesSent += _sentOfSlice;
            _bytesFromStore += _window.IsAtEnd || _window.Current.Stored is null ? 0 : _sentOfSlice;
            _window.End();
            _ahead?.End();
            PublishCounts(exchange);
        }
    }

    /// <summary>The same for a body of several parts.</summary>
    public ValueTask<DeliveryOutcome> RunMultipartAsync(
        HttpExchange exchange, Generation generation, MultipartByteranges multipart, ReadOnlyMemory<byte> head, bool isFirstFetched) =>
        new MultipartDelivery(this, _fetcher, _window.Size).RunAsync(exchange, generation, multipart, head, isFirstFetched);

    /// <summary>What is being delivered just now, for another thread (<see cref="SliceWindow.TryLook"/>); false for nothing.</summary>
    public bool TryLook(bool drawsMap, out DeliveryGlance glance)
    {
        glance = _window.TryLook(out var window)
            ? DeliveryGlances.Of(window, Volatile.Read(ref _bytesSent) + _sentOfSlice, _hits, _misses, drawsMap)
            : default;
        return glance.Slices > 0;
    }

    private ValueTask<bool> VerifyAsync(StoredSlice slice, SlicePart part)
    {
        // The slices after it are of the earlier run too, most likely.
        AskAhead(isMissing: true, part.TakeBytes);
        _meter.CacheDiskWaits.Add(1);
        return _residency.VerifyAsync(_wish ??= new PageWish(), slice);
    }

    private ValueTask<WriteResult> WriteStoredAsync(HttpExchange exchange, ReadOnlyMemory<byte> head, StoredSlice slice, SlicePart part)
    {
        // In this order: whoever brings bytes in looks at the file first, so bytes that have just come into memory are known
        // to be doubtful.
        if (part.TakeBytes > ClientWriter.MaxWriteBytes
            || !slice.IsResident(part.SkipBytes, part.TakeBytes)
            || !slice.IsVerified)
        {
            return WriteStoredSlowAsync(exchange, head, slice, part);
        }

        AskAhead(isMissing: false, part.TakeBytes);
        exchange.StartPlanned();
        return exchange.Writer.WriteSliceAsync(head, slice, part.SkipBytes, part.TakeBytes);
    }

    // From where the client is, a piece at a time, each in memory before it is sent: a slow client may take a minute for one, and pages do
    // not wait for it.
    private async ValueTask<WriteResult> WriteStoredSlowAsync(
        HttpExchange exchange, ReadOnlyMemory<byte> head, StoredSlice slice, SlicePart part)
    {
        for (int sent = _sentOfSlice; sent < part.TakeBytes;)
        {
            int skip = part.SkipBytes + sent;
            int take = Math.Min(part.TakeBytes - sent, ClientWriter.MaxWriteBytes);
            bool isMissing = !slice.IsResident(skip, take);
            AskAhead(isMissing, sent + take);
            if (isMissing)
            {
                _meter.CacheDiskWaits.Add(1);
                if (!await _residency.BringInAsync(_wish ??= new PageWish(), slice, skip, take))
                {
                    return WriteResult.SliceGone;
                }
            }
            else if (!slice.IsStillVerified() && !await VerifyAsync(slice, part))
            {
                return WriteResult.SliceGone;
            }

            exchange.StartPlanned();
            var result = await exchange.Writer.WriteSliceAsync(head, slice, skip, take);
            if (result != WriteResult.Written)
            {
                return result;
            }

            head = default;
            sent += take;
            _sentOfSlice = sent;
        }

        return WriteResult.Written;
    }

    private void AskAhead(bool isMissing, int sentBytes)
    {
        if (isMissing)
        {
            (_ahead ??= new PagesAhead(_residency, _meter)).Begin();
        }

        if (_ahead is { IsOn: true })
        {
            _ahead.Ask(_window, sentBytes);
        }
    }

    private DeliveryOutcome OutcomeOf(WriteResult result, StoredSlice slice, Generation generation, ReadOnlyMemory<byte> head)
    {
        switch (result)
        {
            case WriteResult.Written:
                return new DeliveryOutcome(DeliveryStatus.Delivered, HasBegun: true, Failure.None);
            case WriteResult.SliceGone:
                DropDamaged(generation, slice);
                _meter.CacheErrors.Add(1);
                return new DeliveryOutcome(
                    DeliveryStatus.Failed,
                    HasBegun: head.IsEmpty || _sentOfSlice > 0,
                    new Failure(FetchError.SliceGone, "the disk does not give it"));
            case WriteResult.SliceUnreadable:
                generation.Drop(slice);
                return new DeliveryOutcome(DeliveryStatus.SliceUnreadable, HasBegun: true, Failure.None);
            default:
                return new DeliveryOutcome(DeliveryStatus.ClientGone, HasBegun: true, Failure.None);
        }
    }

    private void DropDamaged(Generation generation, StoredSlice slice)
    {
        _residency.SliceDamaged?.Invoke(generation, slice);
        generation.Drop(slice);
    }

    // Sends a slice that is still arriving, as its bytes land, from where the client is.
    private async ValueTask<DeliveryOutcome> FollowAsync(HttpExchange exchange, SliceFetch fetch, SlicePart part, ReadOnlyMemory<byte> head)
    {
        int sent = _sentOfSlice;
        while (sent < part.TakeBytes)
        {
            // Failure first: what landed before it is good and is sent.
            var failure = fetch.Failure;
            int ready = Math.Min(fetch.AvailableBytes - part.SkipBytes, part.TakeBytes) - sent;
            if (ready <= 0)
            {
                if (failure.IsError)
                {
                    return new DeliveryOutcome(DeliveryStatus.Failed, HasBegun: head.IsEmpty, failure);
                }

                _window.NoteWait();
                await fetch.WaitBeyondAsync(part.SkipBytes + sent, exchange.ConnectionClosed);
                continue;
            }

            exchange.StartPlanned();
            var result = fetch.Slice.IsStillVerified()
                ? await exchange.Writer.WriteSliceAsync(head, fetch.Slice, part.SkipBytes + sent, ready)
                : WriteResult.SliceGone;
            if (result != WriteResult.Written)
            {
                return OutcomeOf(result, fetch.Slice, fetch.Generation, head);
            }

            head = default;
            sent += ready;
            _sentOfSlice = sent;
        }

        return new DeliveryOutcome(DeliveryStatus.Delivered, HasBegun: true, Failure.None);
    }

    private static bool LeftBeforeItBegan(Generation generation, DeliveryOutcome outcome, bool isFirstFetched) =>
        outcome is { HasBegun: false, Failure.Error: FetchError.SliceGone } && HasLeftTheCache(generation, isFirstFetched);

    // The rest of a slice that did not come: fetched like any other when the disk has lost it, or when the origin refused another client
    // whose fetch this one followed; else past the store. The slices after it have their own turn, but for an object that the origin gives
    // from its beginning only: then everything after it is sent here.
    private async ValueTask<(DeliveryOutcome Outcome, bool IsRestSent)> RecoverAsync(
        HttpExchange exchange, Generation generation, SlicePart part, ReadOnlyMemory<byte> head, DeliveryOutcome outcome)
    {
        for (int tries = 0; tries < MaxRenewals && MayRenew(outcome, tries); tries++)
        {
            // Also one that was asked for ahead of its turn, when there was no room: there may be some by now.
            _window.Renew();
            head = outcome.HasBegun ? default : head;
            outcome = _window.Current.Stored is { } stored
                ? OutcomeOf(await WriteStoredSlowAsync(exchange, head, stored, part), stored, generation, head)
                : await FollowAsync(exchange, _window.Current.Fetch!, part, head);
            if (outcome.Status == DeliveryStatus.Delivered)
            {
                Count(isHit: false, part.TakeBytes);
                return (outcome, false);
            }
        }

        // B50 in the middle of an object: where strangers are refused, the client's own request goes out, for this client alone.
        bool asksAsItself = outcome.Failure.Error.DependsOnWhoAsks() && exchange.HasOwnFields && exchange.AsksAs != AskingAs.Itself;
        if (!asksAsItself && !UnstoredDelivery.CanHelp(outcome.Failure.Error))
        {
            return (outcome, false);
        }

        long start = generation.Grid.RangeOf(part.SliceIndex, generation.CompleteLength).Start + part.SkipBytes;
        long end = generation.IsWhole ? _window.Plan.Range.End : start + part.TakeBytes;
        var rest = new ByteRange(start + _sentOfSlice, end);
        _bytesSent += _sentOfSlice;
        _sentOfSlice = 0;
        var asked = exchange.AsksAs;
        exchange.AsksAs = asksAsItself ? AskingAs.Itself : asked;
        bool asWhole = generation.IsWhole;
        long sentBefore = exchange.BodyBytes;
        outcome = await _unstored.RunAsync(exchange, generation, rest, outcome.HasBegun ? default : head, asWhole);
        if (!asWhole && outcome.Status == DeliveryStatus.Failed && IsOnlyAPart(outcome.Failure.Error))
        {
            // B60: the origin gives the whole where it is asked for a part, or may do so. One body is read to the end of what the client
            // wants.
            asWhole = true;
            rest = new ByteRange(rest.Start + exchange.BodyBytes - sentBefore, _window.Plan.Range.End);
            outcome = await _unstored.RunAsync(exchange, generation, rest, outcome.HasBegun ? default : head, asWhole);
        }

        bool IsOnlyAPart(FetchError error) => error == FetchError.RangeIgnored
            || (error.LeavesTheWhole() && start <= exchange.Settings.Fetching.FillWholeBytes);

        exchange.AsksAs = asked;
        _misses += outcome.Status == DeliveryStatus.Delivered ? asWhole ? _window.Plan.Count - _window.CurrentOrdinal : 1 : 0;
        return (outcome, asWhole);
    }

    // What the disk has lost, and what found no room when it was asked for ahead of its turn, is worth one more try. And B51: what one
    // client was refused says nothing about the next; of those who followed, one asks and the others follow again.
    private bool MayRenew(DeliveryOutcome outcome, int tries) => outcome.Status == DeliveryStatus.Failed
        && outcome.Failure.Error switch
        {
            FetchError.SliceGone => _window.Current.Stored is not null,
            FetchError.StoreFull => tries == 0,
            var error => error.DependsOnWhoAsks() && _window.Current is { Stored: null, IsOwn: false },
        };

    private void Count(bool isHit, int bytes)
    {
        _sentOfSlice = 0;
        _bytesSent += bytes;
        if (isHit)
        {
            _hits++;
            _bytesFromStore += bytes;
        }
        else
        {
            _misses++;
        }
    }

    private void PublishCounts(HttpExchange exchange)
    {
        exchange.BodyBytes += _bytesSent;
        exchange.BytesFromStore += _bytesFromStore;
        exchange.SlicesFetched += _misses;
        exchange.SlicesHit += _hits;
        _bytesFromStore = _bytesSent = 0;
        _hits = _misses = 0;
    }
}
