using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Slice.Core.Observability;
using Slice.Net.Exchange;

namespace Slice.Net.Connections;

/// <summary>
/// Takes the PROXY protocol header off a connection of a trusted balancer and gives the connection the client's address. Stands before TLS
/// and before HTTP. Thread-safe.
/// </summary>
/// <remarks>
/// From a trusted address the header is mandatory: without it, whoever reaches the balancer's network could speak as the balancer. From
/// any other address the connection is closed, because its first bytes could claim to be anybody (§5 of the specification).
/// </remarks>
internal sealed class ProxyProtocolMiddleware
{
    private readonly IPNetwork[] _trusted;
    private readonly TimeSpan _deadline;
    private readonly TimeProvider _time;
    private readonly SliceMeter _meter;
    private readonly RequestLog _log;

    /// <summary>A middleware that believes connections from <paramref name="trusted"/>.</summary>
    public ProxyProtocolMiddleware(IReadOnlyList<string> trusted, TimeSpan deadline, TimeProvider time, SliceMeter meter, RequestLog log)
    {
        _trusted = [.. trusted.Select(NetworkOf)];
        _deadline = deadline;
        _time = time;
        _meter = meter;
        _log = log;
    }

    /// <summary>Reads the header, then goes on with <paramref name="next"/>; or closes the connection.</summary>
    public async Task OnConnectedAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var draining = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested
            ?? CancellationToken.None;
        string? problem = IsTrusted(connection.RemoteEndPoint) ? await ReadHeaderAsync(connection, draining) : "not from a trusted address";
        if (problem is null)
        {
            await next(connection);
            return;
        }

        // A connection that has asked for nothing yet is no error when the instance stops.
        if (!draining.IsCancellationRequested)
        {
            _meter.Errors.Add("proxy_protocol");
            _meter.RefusedConnections.Add((int)ConnectionRefusal.ProxyProtocol);
            _log.ProxyProtocolRefused(connection.RemoteEndPoint, problem);
        }

        connection.Abort();
    }

    // An address alone is a network of its own.
    private static IPNetwork NetworkOf(string text) =>
        IPNetwork.Parse(text.Contains('/') ? text : text + (text.Contains(':') ? "/128" : "/32"));

    private async Task<string?> ReadHeaderAsync(ConnectionContext connection, CancellationToken draining)
    {
        using var deadline = new CancellationTokenSource(_deadline, _time);
        using var whenDraining = draining.UnsafeRegister(static deadline => ((CancellationTokenSource)deadline!).Cancel(), deadline);
        var input = connection.Transport.Input;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(deadline.Token);
                var status = ProxyProtocolHeader.TryParse(read.Buffer, out var consumed, out var client);
                bool isComplete = status == ProxyProtocolStatus.Complete;
                input.AdvanceTo(consumed, isComplete ? consumed : read.Buffer.End);
                if (isComplete)
                {
                    // Unknown when the balancer does not say: its own address would make its clients pass for this machine.
                    connection.RemoteEndPoint = client;
                    return null;
                }

                if (status == ProxyProtocolStatus.Invalid || read.IsCompleted)
                {
                    return "no valid PROXY protocol header";
                }
            }
        }
        catch (OperationCanceledException)
        {
            return "no PROXY protocol header in time";
        }
        catch (Exception error) when (error is ConnectionResetException or ConnectionAbortedException or IOException)
        {
            return "left before its PROXY protocol header was complete";
        }
    }

    private bool IsTrusted(EndPoint? peer)
    {
        if (peer is not IPEndPoint { Address: var address })
        {
            return false;
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Array.Exists(_trusted, network => network.Contains(address));
    }
}
