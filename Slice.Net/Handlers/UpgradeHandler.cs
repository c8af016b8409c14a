using System.Collections.Immutable;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Net.Exchange;
using Slice.Net.Origin;

namespace Slice.Net.Handlers;

/// <summary>
/// Passes a GET that asks for another protocol on (RFC 9110 §7.8): after a 101 the connection is a tunnel, anything else is an ordinary
/// response. Nothing of it is looked up in the cache or stored. The permit of the gate goes back when a tunnel begins: tunnels last for
/// hours, and <c>limits.max_connections</c> bounds them.
/// </summary>
internal sealed class UpgradeHandler(
    OriginGate gate, TimeProvider time, SliceMeter meter, FailureResponder failures, RequestLog log, CancellationToken stopping)
{
    /// <summary>Passes the exchange on and serves its tunnel to the end.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="protocols">What <see cref="UpgradeField.Read"/> made of the request.</param>
    /// <exception cref="OperationCanceledException">The client left before the answer.</exception>
    public async ValueTask HandleAsync(HttpExchange exchange, string protocols)
    {
        meter.PassthroughRequests.Add(1);
        using var permit = await PassThroughTurn.TryTakeAsync(gate, exchange, failures);
        if (permit is null)
        {
            return;
        }

        using var interim = InterimResponses.To(exchange);
        using var request = ClientRequests.Of(exchange, interim, protocols);
        var (response, failure) = await exchange.Settings.Origin.ForwardAsync(request, exchange.ConnectionClosed);
        using var ending = response;
        if (response is null)
        {
            await failures.RespondAsync(exchange, failure);
        }
        else if (response.Status != 101)
        {
            await ResponseForwarder.ForwardAsync(
                exchange,
                response,
                new CacheStatus { Forward = ForwardReason.Bypass, Detail = CacheDetail.Upgrade },
                fill: null,
                meter,
                log);
        }
        else if (UpgradeField.IsAmong(response.FindCombined("Upgrade") ?? "", protocols))
        {
            permit.Dispose();
            await SwitchAsync(exchange, response);
        }
        else
        {
            exchange.Origin = response.Origin;
            log.OriginFailed(
                exchange, new Failure(FetchError.HttpProtocolError, "the origin switched to a protocol that nobody asked for"));
            exchange.NoteEnding(ExchangeEnding.OriginFailed);
            await ErrorResponder.WriteErrorAsync(exchange, 502, "the origin switched to a protocol that was not asked for");
        }
    }

    private async ValueTask SwitchAsync(HttpExchange exchange, WireResponse response)
    {
        exchange.KeepAlive = false;
        exchange.EndsWithConnection = true;
        if (await WriteHeadAsync(exchange, response) != WriteResult.Written)
        {
            response.TakeOver().Abort();
            exchange.Abort();
            return;
        }

        using var tunnel = new Tunnel(
            exchange, response.TakeOver(), exchange.Settings.Options.Timeouts.Tunnel, time, meter, stopping);
        await tunnel.RunAsync();
    }

    // RFC 9110 §15.2.2: a 101 says in Upgrade which protocol follows. It has no body and so no framing.
    private static RentedHead FormatHead(ImmutableArray<ForwardedField> fields)
    {
        var head = new ResponseHeadBuilder(101, ResponseHeadBuilder.BytesOf(fields));
        head.WriteField("Connection"u8, "Upgrade"u8);
        foreach (var field in fields)
        {
            if (IsUpgrade(field) || StoredFields.IsForwarded(field.Name, fields.AsSpan()))
            {
                head.WriteForwarded(field);
            }
        }

        head.WriteVia();
        return head.End();
    }

    private static async ValueTask<WriteResult> WriteHeadAsync(HttpExchange exchange, WireResponse response)
    {
        using var head = FormatHead(response.Fields);
        exchange.UseCache(CacheResult.Bypass, CacheDetail.Upgrade);
        exchange.Origin = response.Origin;
        exchange.StartResponse(101);
        return await exchange.Writer.WriteAsync(head.Bytes);
    }

    private static bool IsUpgrade(ForwardedField field) => field.Name.Equals("Upgrade", StringComparison.OrdinalIgnoreCase);
}
