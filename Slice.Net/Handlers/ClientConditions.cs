using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>The conditions of a client that did not go to the origin with a request of ours: they are looked at here. Pure.</summary>
internal static class ClientConditions
{
    /// <summary>Whether the request has a condition besides If-Range.</summary>
    public static bool AreIn(FieldTable fields) =>
        fields.Contains(KnownField.IfMatch) || fields.Contains(KnownField.IfNoneMatch)
        || fields.Contains(KnownField.IfModifiedSince) || fields.Contains(KnownField.IfUnmodifiedSince);

    /// <summary>Whether the request has one, If-Range included, so that a Range alone does not say what the answer is.</summary>
    public static bool DecideFirst(FieldTable fields) => AreIn(fields) || fields.Contains(KnownField.IfRange);

    /// <summary>
    /// Answers 304 or 412 when the client's conditions ask for that, given the head of a 200. False when the answer is the 200 itself.
    /// </summary>
    public static async ValueTask<bool> TryAnswerAsync(HttpExchange exchange, OriginResponse response, CacheStatus status)
    {
        var now = exchange.Now;
        var stored = exchange.Reader.Read(response, Math.Max(0, response.ContentLength));
        switch (ResponseDecision.Decide(exchange.Head, stored, now.Utc, exchange.Settings.Options.Limits.MaxRanges, out _, out _))
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
