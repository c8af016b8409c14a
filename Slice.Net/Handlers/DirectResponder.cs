using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// Answers a GET with what the origin has just said to a request of ours, where that is not served in slices. Thread-safe.
/// </summary>
internal sealed class DirectResponder(ObjectFetcher objects, SliceMeter meter, RequestLog log)
{
    /// <summary>Sends the answer on. The client's preconditions did not go with the request: they are looked at here.</summary>
    public async ValueTask ForwardAsync(HttpExchange exchange, ObjectFetchResult.Answered answered, CacheStatus status)
    {
        meter.PassthroughRequests.Add(1);

        // Whether a copy comes to its end shows after the head is out: nothing is promised.
        status = status with { ForwardStatus = 0, IsStored = false };
        if (answered.Response.Status == 200
            && HasPreconditions(exchange.Head.Fields)
            && await TryAnswerConditionAsync(exchange, answered.Response, status))
        {
            // The client has its answer; the body is for the cache alone, and takes as long as it takes.
            objects.KeepFilling(answered);
            return;
        }

        using (answered.Fill)
        {
            using (answered.Response)
            {
                await ResponseForwarder.ForwardAsync(exchange, answered.Response, status, answered.Fill, meter, log);
            }
        }
    }

    /// <summary>Whether the request has a condition besides If-Range.</summary>
    public static bool HasPreconditions(FieldTable fields) =>
        fields.Contains(KnownField.IfMatch) || fields.Contains(KnownField.IfNoneMatch)
        || fields.Contains(KnownField.IfModifiedSince) || fields.Contains(KnownField.IfUnmodifiedSince);

    private static async ValueTask<bool> TryAnswerConditionAsync(HttpExchange exchange, OriginResponse response, CacheStatus status)
    {
        var now = exchange.Now;
        var settings = exchange.Settings;
        var stored = settings.Fetching.Reader.Read(response, Math.Max(0, response.ContentLength));
        switch (ResponseDecision.Decide(exchange.Head, stored, now.Utc, settings.Options.Limits.MaxRanges, out _, out _))
        {
            case ResponseKind.NotModified:
                using (var notModified = SlicedResponse.NotModified(exchange, stored, status with { ForwardStatus = 200 }, now))
                {
                    await exchange.SendHeadAsync(304, notModified.Bytes);
                }

                return true;
            case ResponseKind.PreconditionFailed:
                await ErrorResponder.WriteErrorAsync(exchange, 412, "a precondition does not hold");
                return true;
            default:
                return false;
        }
    }
}
