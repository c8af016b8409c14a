using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>Sends requests of ours to one address each, over a pool, and keeps the deadlines. Thread-safe.</summary>
/// <param name="pool">The connections.</param>
/// <param name="timeouts">The deadlines.</param>
/// <param name="time">The clock.</param>
/// <param name="pace">How fast the origin answers; null where nothing late is asked for again.</param>
internal sealed class PoolClient(OriginPool pool, TimeoutOptions timeouts, TimeProvider time, OriginPace? pace = null)
{
    /// <summary>Sends the request and waits for the response head.</summary>
    /// <param name="endpoint">The address.</param>
    /// <param name="call">The request.</param>
    /// <param name="watch">Learns which connection carries the request.</param>
    /// <param name="ct">The caller's; also ends the reading of the body.</param>
    /// <returns>The response, the caller's, or why there is none.</returns>
    /// <exception cref="OperationCanceledException">The caller's token, or <see cref="OriginCall.Abandoned"/>, was cancelled.</exception>
    public async ValueTask<OriginResult> SendAsync(OriginEndpoint endpoint, OriginCall call, OriginWatch watch, CancellationToken ct)
    {
        // The head of a slice is a part of the whole.
        bool isTotalShorter = timeouts.SubrequestTotal < timeouts.FirstByte;
        var firstByte = isTotalShorter ? timeouts.SubrequestTotal : timeouts.FirstByte;
        var deadline = new OriginDeadline(time, ct);
        watch.Deadline = deadline;
        using var abandoned = call.Abandoned.UnsafeRegister(static deadline => ((OriginDeadline)deadline!).Expire(), deadline);
        bool isHandedOver = false;
        try
        {
            deadline.Arm(firstByte);
            var response = await pool.SendAsync(call.NewMessage(endpoint), deadline.Token);
            var fault = ResponseFraming.FindFault(response);
            if (fault != ResponseFault.None)
            {
                // Where this response ends is anybody's guess: disposing alone might read on and use the connection again.
                watch.Connection?.Abort();
                response.Dispose();
                return new OriginResult(null, OriginFailures.InvalidResponse(endpoint, fault));
            }

            var stream = await response.Content.ReadAsStreamAsync(deadline.Token);
            deadline.Disarm();
            isHandedOver = true;
            return new OriginResult(
                new HttpOriginResponse(endpoint.Name, response, stream, deadline, timeouts, watch.Connection)
                {
                    Stillness = pace is null ? null : new BodyStillness(pace, deadline, time),
                },
                Failure.None);
        }
        catch (Exception error) when (error is OperationCanceledException or HttpRequestException or IOException)
        {
            ct.ThrowIfCancellationRequested();
            call.Abandoned.ThrowIfCancellationRequested();
            return new OriginResult(null, watch.HasRefused
                ? OriginFailures.OfConnection(endpoint, "the connection ended before a response head")
                : OriginFailures.Of(error, endpoint, timeouts.Connect, firstByte));
        }
        finally
        {
            if (!isHandedOver)
            {
                deadline.Dispose();
            }
        }
    }
}
