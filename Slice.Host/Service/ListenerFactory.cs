using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Slice.Host.Service;

/// <summary>
/// Kestrel's socket transport behind listeners of ours, with errors that name the configuration key and the address: the transport's own
/// says "Permission denied" and leaves the operator to guess which of two ports it was.
/// </summary>
internal sealed class ListenerFactory(
    IOptions<SocketTransportOptions> transport,
    ILoggerFactory loggers,
    DescriptorWatch watch,
    IReadOnlyDictionary<EndPoint, string> keyByEndPoint,
    PortSockets sockets,
    AcceptProbe probe) : IConnectionListenerFactory
{
    private const string MetricsKey = "metrics_endpoint.address";

    /// <inheritdoc/>
    /// <exception cref="InstanceStartException">The address cannot be listened on.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        string key = keyByEndPoint[endpoint];
        var socket = sockets.Take(endpoint) ?? Listen(endpoint, key);
        var connections = new SocketConnections(transport.Value, loggers, ReceiveBlocks.Only);
        return new(new SocketListener(socket, connections, watch, key, key == MetricsKey, probe, sockets));
    }

    private Socket Listen(EndPoint endpoint, string key)
    {
        Socket? socket = null;
        try
        {
            socket = transport.Value.CreateBoundListenSocket(endpoint);
            socket.Listen(transport.Value.Backlog);
            sockets.Add(socket);
            return socket;
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            throw new InstanceStartException($"{key}: cannot listen on {endpoint}: {Reason(exception)}", exception);
        }
    }

    /// <summary>Why an address cannot be listened on, in words for an operator.</summary>
    internal static string Reason(SocketException exception) => exception.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "address already in use, by another process",
        SocketError.AccessDenied => "not permitted (a port below 1024 needs CAP_NET_BIND_SERVICE)",
        SocketError.AddressNotAvailable => "this machine has no such address",
        _ => exception.Message,
    };
}
