using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>
/// What an origin's answer to the first request for an object means: which object there is now, what of it is kept and who may have
/// it. Publishes the object and hands the body on. Thread-safe.
/// </summary>
/// <remarks>
/// An object is published before its body goes on: with its first fetch in place, so that whoever finds the object follows that fetch, and
/// a body that shows at once that the object has changed finds the object where it takes it out.
/// </remarks>
public sealed class ObjectAnswerInterpreter
{
    private readonly SliceFetcher _fetcher;
    private readonly SliceStore _store;
    private readonly ObjectIndex _index;
    private readonly StreamedBodyBudget _streamed;

    /// <summary>An interpreter over its collaborators.</summary>
    public ObjectAnswerInterpreter(SliceFetcher fetcher, SliceStore store, ObjectIndex index)
    {
        _fetcher = fetcher;
        _store = store;
        _index = index;
        _streamed = new StreamedBodyBudget(store.CapacityBytes / 4);
    }

    /// <summary>
    /// Called with each object that comes with more tags than are kept (<see cref="CacheTags.IsCut"/>). Set once, before use; must not
    /// throw.
    /// </summary>
    public Action<CacheKey>? TagsCut { get; set; }

    /// <summary>Turns an answer into a result. A body that goes on is handed over; what is left with the caller is done with.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="asked">The range that the origin was asked for; null for the whole object.</param>
    /// <param name="answer">The answer.</param>
    internal ObjectFetchResult Interpret(ObjectFetchRequest request, ByteRange? asked, PermittedResponse answer)
    {
        var response = answer.Response;
        switch (response.Status)
        {
            case 206 when asked is { } range:
                return InterpretPart(request, range, answer);

            case 304 when request.Stale is { } stale:
                return Confirm(request, stale, response);

            case 206 or 304:
                // Nothing was asked that these could answer.
                return new ObjectFetchResult.Failed(new Failure(
                    FetchError.UnexpectedStatus, $"status {response.Status} to a request that is neither for a part nor conditional"));

            case 416 when asked is not null:
                var stated = ContentRangeField.Parse(Encoding.Latin1.GetBytes(response.FindSingle("Content-Range") ?? ""));
                return stated.Kind != ContentRangeKind.Unsatisfied ? PassThrough(CacheDetail.RangeRefused)
                    : stated.CompleteLength == 0 ? new ObjectFetchResult.NeedsWhole(IsRefusal: false)
                    : new ObjectFetchResult.Unsatisfiable(stated.CompleteLength);

            case 200 when asked is not null && PartialResponseCheck.IsPart(response):
                return new ObjectFetchResult.NeedsWhole(IsRefusal: true);

            default:
                return InterpretWhole(request, answer);
        }
    }

    private static ObjectFetchResult.PassThrough PassThrough(CacheDetail why) => new() { Detail = why };

    private ObjectFetchResult Confirm(ObjectFetchRequest request, Generation stale, OriginResponse response)
    {
        // The origin says that our version is good, and names another: an origin that went by the date only, and the file changed within
        // a second. RFC 9111 §4.3.4 forbids to update what we hold; the client's own request will tell what there is. The same when
        // other fields than before are said to select it: their values were never looked at.
        var reader = request.Context.Reader;
        bool namesAnother = response.FindSingle("ETag") is { } tag && tag != request.StaleResponse!.Validator.EntityTag
            && reader.ComparedBy is ValidatorStrength.Strict or ValidatorStrength.EntityTag;
        if (namesAnother || StoredResponseReader.VariesOtherwise(stale.Response, response))
        {
            _index.RemoveChanged(stale);
            return PassThrough(CacheDetail.Contradiction);
        }

        // What the origin says of its answer to one client changes nothing for the others (B52): the version is good for who asked, and the
        // next one asks again.
        if (!reader.TakesBack(reader.Receive(response, stale.Response)))
        {
            Freshen(request, stale, reader.Freshen(stale.Response, response));
        }

        return new ObjectFetchResult.Found(stale) { WasRevalidated = true };
    }

    private ObjectFetchResult InterpretPart(ObjectFetchRequest request, ByteRange asked, PermittedResponse answer)
    {
        if (!PartialResponseCheck.TryAccept(answer.Response, asked, out var part, out var failure))
        {
            return new ObjectFetchResult.Failed(failure);
        }

        var settings = request.Context.Settings;
        if (part.CompleteLength < 0 || !IsSliceable(settings.Grid, part.CompleteLength))
        {
            return PassThrough(part.CompleteLength < 0 ? CacheDetail.LengthUnknown : CacheDetail.Unsliceable);
        }

        var reader = request.Context.Reader;
        var received = reader.Receive(answer.Response);
        var stored = reader.Read(received, part.CompleteLength);
        if (stored.Validator.ContentCoding is { } coding && !stored.HasStrongValidator)
        {
            // Coding is done anew for each answer by some, with other bytes (B16): only a strong validator says that all parts are of one.
            return new ObjectFetchResult.Failed(
                new Failure(FetchError.UnusablePartialResponse, $"206 with Content-Encoding '{coding}' and no strong validator"));
        }

        var verdict = AnswerVerdict.Of(request, received, _index);
        if (verdict.IsShared && request.Stale is { IsRetired: false } stale && IsUnchanged(stale, verdict.Selecting, stored, reader))
        {
            // The origin answered with bytes although nothing changed: as good as a 304.
            Freshen(request, stale, stored);
            return new ObjectFetchResult.Found(stale) { WasRevalidated = true };
        }

        if (verdict.IsShared && FindNewer(request, verdict.Selecting, stored, reader) is { } newer)
        {
            if (newer != request.Stale)
            {
                RemoveReplaced(request, verdict);
            }

            return new ObjectFetchResult.Found(newer);
        }

        var generation = new Generation(request.Key, stored, settings.Grid, verdict.IsShared, _store)
        {
            Selecting = verdict.Selecting,
            WasAskedAsOwn = request.Sharing == RequestSharing.Own,
            Origin = answer.Response.Origin,
            TierMark = request.TierMark,
        };
        using var prepared = request.FirstSliceIndex is { } first
            ? _fetcher.Prepare(generation, first, generation.IsShared ? request.TierTurn?.Take() : null)
            : null;
        var result = Publish(request, generation, verdict, isWithSlice: prepared is not null);
        prepared?.Continue(request.Context, answer, part.Part);
        return result;
    }

    // The same version, which somebody has brought meanwhile and who asks now would get: this instance behind a purge, or another one. Two
    // generations of it would fetch each slice twice.
    private Generation? FindNewer(
        ObjectFetchRequest request, SelectingFields? selecting, StoredResponse received, StoredResponseReader reader) =>
        _index.FindVariant(request.Key, selecting) is { IsUsable: true, IsWhole: false, Response: { IsPurged: false } known } newer
        && !known.RequiresValidation
        && known.Freshness.IsFreshAt(received.Freshness.ReceivedAt)
        && (request.TierMark is not { } mark || newer.HasSeenRemovals(mark))
        && newer.Grid == request.Context.Settings.Grid
        && newer.CompleteLength == received.CompleteLength
        && IsUnchanged(newer, selecting, received, reader)
            ? newer
            : null;

    private void Freshen(ObjectFetchRequest request, Generation stale, StoredResponse response)
    {
        // First the mark: who reads the new response must not take it for one of before a removal. Where the tier was not asked, or has
        // seen a removal since, the mark of before stays: what goes to others is then as old as the bytes are.
        bool isFirstMark = false;
        if (request.TierMark is { } mark && stale.HasSeenRemovals(mark))
        {
            isFirstMark = stale.TierMark is null;
            stale.TierMark = mark;
        }

        _index.Freshen(stale, response, request.Asked);
        _fetcher.Offers.Offer(stale, request.TierTurn?.Take());
        if (isFirstMark)
        {
            _fetcher.Offers.OfferStored(stale);
        }
    }

    private static bool IsUnchanged(
        Generation stale, SelectingFields? selecting, StoredResponse received, StoredResponseReader reader) =>
        Equals(stale.Selecting, selecting)
        && stale.Response is { MayCombine: true, Validator: { } known }
        && received.MayCombine
        && received.Status == stale.Response.Status
        && known.IsProof(reader.ComparedBy)
        && known.IsSameVersion(received.Validator, reader.ComparedBy);

    // An answer whose body is all of a representation: an object that fits its first slice or comes from an origin without ranges, an
    // error, a redirect, a page outside the sliced paths.
    private ObjectFetchResult InterpretWhole(ObjectFetchRequest request, PermittedResponse answer)
    {
        var response = answer.Response;
        var reader = request.Context.Reader;
        var settings = request.Context.Settings;
        var received = reader.Receive(response);
        var verdict = AnswerVerdict.Of(request, received, _index);
        long length = response.Status is 204 or 205 ? 0 : response.ContentLength;
        if (verdict.IsShared
            && request is { IsWhole: false, Stale: { IsRetired: false, IsWhole: false } stale }
            && IsUnchanged(stale, verdict.Selecting, reader.Read(received, length), reader))
        {
            // The whole in place of a part, of the version that we hold (B60): what is stored stays, and the rest is asked for.
            Freshen(request, stale, reader.Read(received, length));
            return new ObjectFetchResult.Found(stale) { WasRevalidated = true };
        }

        var detail = !verdict.IsShared ? verdict.Detail
            : !verdict.TakesPlace ? CacheDetail.StaleKept
            : BodyVerdict(request, response, length);
        bool isKept = detail == CacheDetail.None;
        bool isCut = !isKept && !request.IsWhole && response.Status == 200 && length > 0 && IsStorable(settings.Grid, length);
        if (length < 0 || !(isKept || isCut))
        {
            return Answer(request, answer, received, verdict, detail);
        }

        var stored = reader.Read(received, length);
        if (verdict.IsShared
            && request.Partial is { IsRetired: false } partial
            && partial.CompleteLength == length
            && IsUnchanged(partial, verdict.Selecting, stored, reader))
        {
            return FillRest(request, partial, stored, verdict, answer);
        }

        var generation = new Generation(request.Key, stored, settings.Grid, verdict.IsShared, _store)
        {
            Selecting = verdict.Selecting,
            IsWhole = true,
            Origin = response.Origin,
            TierMark = request.TierMark,
        };
        return PublishWhole(request, generation, verdict, answer);
    }

    private ObjectFetchResult.Found PublishWhole(
        ObjectFetchRequest request, Generation generation, in AnswerVerdict verdict, PermittedResponse answer)
    {
        long length = generation.CompleteLength;
        using var prepared = length > generation.Grid.SliceSizeBytes ? _fetcher.PrepareWhole(generation, request.Context.Settings)
            : length > 0 ? _fetcher.Prepare(generation, 0, generation.IsShared ? request.TierTurn?.Take() : null)
            : null;
        var result = Publish(request, generation, verdict, isWithSlice: length > 0 && length <= generation.Grid.SliceSizeBytes);
        prepared?.Continue(request.Context, answer, new ByteRange(0, length));
        return result;
    }

    // The object as a whole once more, of the version of which some slices are stored: those stay, and the body brings what is missing.
    private ObjectFetchResult.Found FillRest(
        ObjectFetchRequest request, Generation partial, StoredResponse stored, in AnswerVerdict verdict, PermittedResponse answer)
    {
        Freshen(request, partial, stored);
        using var prepared = _fetcher.TryPrepareRest(partial, request.Context.Settings);
        prepared?.Continue(request.Context, answer, new ByteRange(0, partial.CompleteLength));
        return new ObjectFetchResult.Found(partial) { IsUncacheable = verdict.IsUncacheable, Detail = verdict.Detail };
    }

    // The body goes straight to the client, with a copy for the store where one may be kept.
    private ObjectFetchResult.Answered Answer(
        ObjectFetchRequest request, PermittedResponse answer, in ReceivedResponse received, in AnswerVerdict verdict, CacheDetail detail)
    {
        bool isRecorded = verdict.IsShared && detail == CacheDetail.None;
        var fill = isRecorded ? NewStreamedFill(request, received, verdict) : null;
        if (!(isRecorded && request.IsRefresh))
        {
            RemoveReplaced(request, verdict);
        }

        return new ObjectFetchResult.Answered(answer.HandOverWithoutPermit(), fill)
        {
            IsUncacheable = verdict.IsUncacheable,
            Detail = isRecorded ? CacheDetail.UnknownLength : detail,
        };
    }

    // Why the body of an answer that may be shared is not kept all the same.
    private CacheDetail BodyVerdict(ObjectFetchRequest request, OriginResponse response, long length)
    {
        if (!IsStorable(request.Context.Settings.Grid, length))
        {
            return CacheDetail.TooLarge;
        }

        // Where a body ends with the connection, nobody can tell a whole one from one that was cut (RFC 9112 §8).
        return length < 0 && !response.HasMarkedEnd ? CacheDetail.UnmarkedEnd
            : IsEventStream(response) ? CacheDetail.EventStream
            : CacheDetail.None;
    }

    // It has no end that anybody waits for.
    private static bool IsEventStream(OriginResponse response) =>
        response.FindCombined("Content-Type")?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true;

    private bool IsStorable(SliceGrid grid, long length) => length <= LongestWholeBody && (length <= 0 || IsSliceable(grid, length));

    private ObjectFetchResult.Found Publish(
        ObjectFetchRequest request, Generation generation, in AnswerVerdict verdict, bool isWithSlice = false)
    {
        if (generation.IsShared)
        {
            _index.Publish(generation, request.Asked);
            if (!isWithSlice)
            {
                _fetcher.Offers.Offer(generation, request.TierTurn?.Take());
            }

            if (generation.Response.Tags is { IsCut: true })
            {
                TagsCut?.Invoke(generation.Key);
            }
        }

        // Also when it was selected by other fields than the new one is: it is no answer to this request any more.
        RemoveReplaced(request, verdict);
        return new ObjectFetchResult.Found(generation) { IsUncacheable = verdict.IsUncacheable, Detail = verdict.Detail };
    }

    private void RemoveReplaced(ObjectFetchRequest request, in AnswerVerdict verdict)
    {
        if (request.Stale is { } replaced && verdict.EndsStored)
        {
            _index.RemoveChanged(replaced);
        }
    }

    private StreamedBodyFill NewStreamedFill(ObjectFetchRequest request, ReceivedResponse received, AnswerVerdict verdict)
    {
        var settings = request.Context.Settings;
        return new StreamedBodyFill(
            _store,
            settings.Grid,
            _streamed,
            length => new Generation(request.Key, request.Context.Reader.Read(received, length), settings.Grid, isShared: true, _store)
            {
                Selecting = verdict.Selecting,
                IsWhole = true,
                TierMark = request.TierMark,
            },
            generation => Publish(request, generation, verdict),
            () => RemoveReplaced(request, verdict));
    }

    // A body that the origin gives only from its beginning on must be in the store from there to where the slowest reader is; half
    // of the store at most may go to one. Arbitrary.
    private long LongestWholeBody => _store.CapacityBytes / 2;

    private static bool IsSliceable(SliceGrid grid, long completeLength) =>
        grid.Covers(completeLength) && completeLength > 0 && grid.CountFor(completeLength) <= Generation.MaxSlices;
}
