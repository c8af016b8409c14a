using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Observability;
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
            && ClientConditions.AreIn(exchange.Head.Fields)
            && await ClientConditions.TryAnswerAsync(exchange, answered.Response, status))
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
}
