using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Observability;
using Slice.Net.Connections;

namespace Slice.Net.Handlers;

/// <summary>Answers a GET with what the origin has just said to a lesson, where that is not served in slices. Thread-safe.</summary>
internal sealed class DirectResponder(StoredResponseReader reader, int maxRanges, TimeProvider time, SliceMeter meter, RequestLog log)
{
    /// <summary>Sends the answer on. The client's preconditions did not go with the request: they are looked at here.</summary>
    public async ValueTask ForwardAsync(HttpExchange exchange, LearnOutcome outcome, CacheStatus status)
    {
        var response = outcome.Response!;
        using var recorder = outcome.Recorder;
        using (response)
        {
            meter.PassthroughRequests.Add(1);
            status = status with { ForwardStatus = 0, IsStored = recorder is not null };
            var now = time.GetUtcNow();
            if (response.Status == 200 && HasPreconditions(exchange.Head.Fields))
            {
                var stored = reader.Read(response, Math.Max(0, response.ContentLength));
                switch (ResponseDecision.Decide(exchange.Head, stored, now, maxRanges, out _, out _))
                {
                    case ResponseKind.NotModified:
                        using (var notModified = SlicedResponse.NotModified(exchange, stored, status with { ForwardStatus = 200 }, now))
                        {
                            await exchange.SendHeadAsync(304, notModified.Head);
                        }

                        await RecordAsync(response, recorder);
                        return;
                    case ResponseKind.PreconditionFailed:
                        await ErrorResponder.WriteErrorAsync(exchange, 412, "a precondition does not hold");
                        await RecordAsync(response, recorder);
                        return;
                }
            }

            await ResponseForwarder.ForwardAsync(exchange, response, status, recorder, meter, log);
        }
    }

    private ValueTask RecordAsync(OriginResponse response, BodyRecorder? recorder) => recorder?.RecordAllAsync(response, meter) ?? default;

    /// <summary>Whether the request has a condition besides If-Range.</summary>
    public static bool HasPreconditions(FieldTable fields) =>
        fields.Contains(KnownField.IfMatch) || fields.Contains(KnownField.IfNoneMatch)
        || fields.Contains(KnownField.IfModifiedSince) || fields.Contains(KnownField.IfUnmodifiedSince);
}
