using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// Sends clients' own requests to one address at a time, over connections of a <see cref="WirePool"/>. Thread-safe.
/// </summary>
/// <remarks>
/// A request is sent once, whatever becomes of it, with one exception: an idempotent one on a kept connection that ends before a byte of
/// an answer has come, or brings bytes that begin no response. The origin had closed the connection, or still sent what belongs to an
/// earlier request; so the request goes out once more, on a new connection (RFC 9112 §9.3.1). One that must not be sent twice takes no
/// connection that the origin may be closing at that moment.
/// </remarks>
/// <param name="pool">The connections.</param>
/// <param name="timeouts">How long each wait may take.</param>
/// <param name="time">The clock.</param>
internal sealed class WireClient(WirePool pool, TimeoutOptions timeouts, TimeProvider time)
{
    // Common servers keep an idle connection for two seconds at least (gunicorn; Apache and Node: 5 s).
    private static readonly TimeSpan s_surelyOpen = TimeSpan.FromSeconds(1);

    /// <summary>Sends a request to an address and waits for the final response head.</summary>
    /// <param name="endpoint">The address.</param>
    /// <param name="request">The request.</param>
    /// <param name="ct">Ends the waits, and the reading of the body.</param>
    /// <returns>A <see cref="WireResponse"/>, which the caller owns, or why there is none; and what that says about the address.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<(OriginResult Result, OriginVerdict Verdict)> SendAsync(
        OriginEndpoint endpoint, WireRequest request, CancellationToken ct)
    {
        var kept = request.Private?.Take(endpoint)
            ?? pool.TryTake(endpoint, request.IsIdempotent ? TimeSpan.MaxValue : s_surelyOpen);
        if (kept is not null)
        {
            var (result, verdict, mayRepeat) = await SendOnAsync(kept, request, ct);
            if (!mayRepeat)
            {
                return (result, verdict);
            }
        }

        var (connection, failure) = await ConnectAsync(endpoint, ct);
        if (connection is null)
        {
            return (new OriginResult(null, failure), OriginFailures.VerdictOfConnecting(failure.Error));
        }

        var (last, lastVerdict, _) = await SendOnAsync(connection, request, ct);
        return (last, lastVerdict);
    }

    private async ValueTask<(OriginResult Result, OriginVerdict Verdict, bool MayRepeat)> SendOnAsync(
        WireConnection connection, WireRequest request, CancellationToken ct)
    {
        var deadline = TakeDeadline(connection, ct);
        var exchange = new WireExchange(connection, request, deadline, timeouts, pool, time);
        bool isHandedOver = false;
        try
        {
            var result = await exchange.SendAsync();
            isHandedOver = result.Response is not null;
            bool mayRepeat = exchange.MetSpentConnection && request is { IsIdempotent: true, HasBodyBegun: false };
            return (result, isHandedOver ? OriginVerdict.Answered : VerdictOf(result.Failure, exchange), mayRepeat);
        }
        catch (OperationCanceledException)
        {
            ct.ThrowIfCancellationRequested();
            var failure = OriginFailures.NoHeadInTime(connection.Endpoint, timeouts.FirstByte);
            return (new OriginResult(null, failure), VerdictOf(failure, exchange), false);
        }
        finally
        {
            if (!isHandedOver)
            {
                deadline.Dispose();
            }
        }
    }

    private OriginDeadline TakeDeadline(WireConnection connection, CancellationToken ct)
    {
        if (connection.RestingDeadline is not { } rested)
        {
            return new OriginDeadline(time, ct);
        }

        connection.RestingDeadline = null;
        rested.Begin(ct);
        return rested;
    }

    private async ValueTask<(WireConnection? Connection, Failure Failure)> ConnectAsync(OriginEndpoint endpoint, CancellationToken ct)
    {
        using var deadline = new OriginDeadline(time, ct);
        deadline.Arm(timeouts.Connect);
        try
        {
            return (await pool.ConnectAsync(endpoint, deadline.Token), Failure.None);
        }
        catch (OriginConnectException error)
        {
            return (null, OriginFailures.NoConnection(error, endpoint));
        }
        catch (OperationCanceledException error)
        {
            ct.ThrowIfCancellationRequested();
            return (null, OriginFailures.NoConnectionInTime(error.InnerException, endpoint, timeouts.Connect));
        }
    }

    // Nothing that a client does may let an address rest: so only a request that was sent whole, on a new connection, says anything.
    private static OriginVerdict VerdictOf(Failure failure, WireExchange exchange) => failure.Error switch
    {
        // The address answers; what it answers depends on what was asked.
        FetchError.HttpProtocolError => OriginVerdict.Unknown,
        _ when !exchange.IsSent => OriginVerdict.Unknown,
        FetchError.ConnectionTerminated when exchange.MetSpentConnection => OriginVerdict.Unknown,
        FetchError.HttpResponseTimeout or FetchError.ConnectionTerminated => OriginVerdict.Silent,
        _ => OriginVerdict.Failed,
    };
}
