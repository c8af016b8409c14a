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
internal sealed class ObjectAnswerInterpreter
{
    private static readonly ByteRange s_firstByte = new(0, 1);

    private readonly SliceFetcher _fetcher;
    private readonly SliceStore _store;
    private readonly ObjectIndex _index;
    private readonly StoredResponseReader _reader;
    private readonly SliceGrid _grid;
    private readonly TimeProvider _time;
    private readonly StreamedBodyBudget _recordings;

    /// <summary>An interpreter over its collaborators.</summary>
    public ObjectAnswerInterpreter(
        SliceFetcher fetcher, SliceStore store, ObjectIndex index, StoredResponseReader reader, SliceGrid grid, TimeProvider time)
    {
        _fetcher = fetcher;
        _store = store;
        _index = index;
        _reader = reader;
        _grid = grid;
        _time = time;
        _recordings = new StreamedBodyBudget(store.CapacityBytes / 4);
    }

    /// <summary>The range that a request asks the origin for; null for the whole object.</summary>
    public ByteRange? RangeOf(ObjectFetchRequest request) =>
        request.IsWhole ? null : request.FirstSliceIndex is { } index ? _grid.RangeOf(index) : s_firstByte;

    /// <summary>Turns an answer into an outcome; <paramref name="handOver"/> says what has become of the response.</summary>
    public ObjectFetchResult Interpret(ObjectFetchRequest request, ByteRange? asked, OriginResponse response, out ResponseHandOver handOver)
    {
        handOver = ResponseHandOver.None;
        switch (response.Status)
        {
            case 206 when asked is { } range:
                if (!PartialResponseCheck.TryAccept(response, range, out var part, out var failure))
                {
                    return ObjectFetchResult.Failed(failure);
                }

                return part.CompleteLength < 0 || !IsSliceable(part.CompleteLength)
                    ? new ObjectFetchResult(ObjectFetchResultKind.PassThrough)
                    : Know(request, response, part.CompleteLength, part.Part, out handOver);

            case 304 when request.Stale is { } stale && response.FindSingle("ETag") is { } tag && tag != request.StaleResponse!.Validator.EntityTag:
                // It says that our version is good, and names another: an origin that went by the date only, and the file changed within
                // a second. RFC 9111 §4.3.4 forbids to update what we hold; the client's own request will tell what there is.
                _index.Remove(stale);
                return new ObjectFetchResult(ObjectFetchResultKind.PassThrough);

            case 304 when request.Stale is { } stale && StoredResponseReader.VariesOtherwise(stale.Response, response):
                _index.Remove(stale);
                return new ObjectFetchResult(ObjectFetchResultKind.PassThrough);

            case 304 when request.Stale is { } stale:
                stale.Freshen(_reader.Freshen(stale.Response, response));
                if (_reader.TakesBack(response))
                {
                    // The origin takes back what it allowed before: good for those who asked, and for nobody after them.
                    _index.Remove(stale);
                }

                return new ObjectFetchResult(ObjectFetchResultKind.Known) { Generation = stale, WasRevalidated = true };

            case 206 or 304:
                // Nothing was asked that these could answer.
                return ObjectFetchResult.Failed(new Failure(FetchError.UnexpectedStatus, $"status {response.Status} to a request that is neither for a part nor conditional"));

            case 416 when asked is not null:
                var stated = ContentRangeField.Parse(Encoding.Latin1.GetBytes(response.FindSingle("Content-Range") ?? ""));
                return stated.Kind == ContentRangeKind.Unsatisfied
                    ? new ObjectFetchResult(ObjectFetchResultKind.Unsatisfiable) { CompleteLength = stated.CompleteLength }
                    : new ObjectFetchResult(ObjectFetchResultKind.PassThrough);

            default:
                return KnowWhole(request, response, out handOver);
        }
    }

    private ObjectFetchResult Know(ObjectFetchRequest request, OriginResponse response, long completeLength, ByteRange part, out ResponseHandOver handOver)
    {
        var stored = _reader.Read(response, completeLength);
        bool isShared = _reader.MayBeShared(response, request.Sharing, request.Template, out var selecting);
        handOver = ResponseHandOver.None;
        if (request.Stale is { IsRetired: false } stale && isShared && Equals(stale.Selecting, selecting) && stale.Response.Validator is { IsPresent: true } known
            && known.IsSameVersion(stored.Validator))
        {
            // The origin answered with bytes although nothing changed: as good as a 304.
            stale.Freshen(stored);
            return new ObjectFetchResult(ObjectFetchResultKind.Known) { Generation = stale, WasRevalidated = true };
        }

        var generation = new Generation(request.Key, stored, _grid, isShared, _store) { Selecting = selecting };
        if (request.FirstSliceIndex is not null)
        {
            _fetcher.Adopt(generation, request.FirstSliceIndex.Value, request.Template, response, part);
            handOver = ResponseHandOver.WithPermit;
        }

        return Publish(request, generation, isShared, response.Status);
    }

    // An answer whose body is all of a representation: an object that fits its first slice or comes from an origin without ranges, an
    // error, a redirect, a page outside the sliced paths.
    private ObjectFetchResult KnowWhole(ObjectFetchRequest request, OriginResponse response, out ResponseHandOver handOver)
    {
        bool isShared = _reader.MayBeShared(response, request.Sharing, request.Template, out var selecting);
        long length = response.Status is 204 or 205 ? 0 : response.ContentLength;

        // An error that may be kept must not push out what stands in for it (RFC 5861 §4). And where a body ends with the connection,
        // nobody can tell a whole one from one that was cut (RFC 9112 §8).
        bool isWorse = response.Status >= 500 && request.Stale is { IsUsable: true };
        bool isKept = isShared && IsStorable(length) && !isWorse && (length >= 0 || response.HasMarkedEnd) && !IsEventStream(response);
        bool isCut = !isKept && !request.IsWhole && IsStorable(length) && response.Status == 200 && length > 0;
        if (length < 0 || !(isKept || isCut))
        {
            handOver = ResponseHandOver.WithoutPermit;
            if (!(isKept && request.IsRefresh))
            {
                RemoveReplaced(request, response.Status, isShared);
            }

            return new ObjectFetchResult(ObjectFetchResultKind.Direct)
            {
                Response = response,
                Recorder = isKept ? NewRecorder(request, response, selecting) : null,
                IsUncacheable = !isShared,
            };
        }

        var stored = _reader.Read(response, length);
        var generation = new Generation(request.Key, stored, _grid, isShared, _store) { Selecting = selecting, IsWhole = true };
        if (length > _grid.SliceSizeBytes)
        {
            _fetcher.AdoptWhole(generation, response);
            handOver = ResponseHandOver.WithoutPermit;
        }
        else if (length > 0)
        {
            _fetcher.Adopt(generation, 0, request.Template, response, new ByteRange(0, length));
            handOver = ResponseHandOver.WithPermit;
        }
        else
        {
            handOver = ResponseHandOver.None;
        }

        return Publish(request, generation, isShared, response.Status);
    }

    // It has no end that anybody waits for.
    private static bool IsEventStream(OriginResponse response) =>
        response.FindCombined("Content-Type")?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true;

    private bool IsStorable(long length) => length <= LongestWholeBody && (length <= 0 || IsSliceable(length));

    private ObjectFetchResult Publish(ObjectFetchRequest request, Generation generation, bool isShared, int status)
    {
        if (isShared)
        {
            _index.Publish(generation);
        }

        // Also when it was selected by other fields than the new one is: it is no answer to this request any more.
        RemoveReplaced(request, status, isShared);
        return new ObjectFetchResult(ObjectFetchResultKind.Known) { Generation = generation, IsUncacheable = !isShared };
    }

    // The origin has said that what we hold is not the object any more: 404, a redirect, other bytes. Not when it failed, and not when the
    // answer is for one client only because that client wants it so.
    private void RemoveReplaced(ObjectFetchRequest request, int status, bool isShared)
    {
        if (request.Stale is { } replaced && status < 500 && (isShared || request.Sharing == RequestSharing.Allowed))
        {
            _index.Remove(replaced);
        }
    }

    private StreamedBodyFill NewRecorder(ObjectFetchRequest request, OriginResponse response, SelectingFields? selecting)
    {
        var receivedAt = _time.GetUtcNow();
        int status = response.Status;
        return new StreamedBodyFill(
            _store,
            _grid,
            _recordings,
            length => new Generation(request.Key, _reader.Read(response, length, receivedAt), _grid, isShared: true, _store)
            {
                Selecting = selecting,
                IsWhole = true,
            },
            generation => Publish(request, generation, isShared: true, status),
            () => RemoveReplaced(request, status, isShared: true));
    }

    // A body that the origin gives only from its beginning on must be in the store from there to where the slowest reader is; half
    // of the store at most may go to one. Arbitrary.
    private long LongestWholeBody => _store.CapacityBytes / 2;

    private bool IsSliceable(long completeLength) =>
        _grid.Covers(completeLength) && completeLength > 0 && _grid.CountFor(completeLength) <= Generation.MaxSlices;
}
