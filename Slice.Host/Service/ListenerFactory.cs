using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Slice.Host.Service;

/// <summary>
/// Kestrel's socket transport, with errors that name the configuration key and the address: the transport's own says "Permission denied"
/// and leaves the operator to guess which of two ports it was.
/// </summary>
internal sealed class ListenerFactory(
    SocketTransportFactory sockets, IReadOnlyDictionary<EndPoint, string> keyByEndPoint) : IConnectionListenerFactory
{
    /// <inheritdoc/>
    /// <exception cref="InstanceStartException">The address cannot be listened on.</exception>
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        try
        {
            return await sockets.BindAsync(endpoint, cancellationToken);
        }
        catch (Exception exception) when (exception is AddressInUseException or SocketException)
        {
            throw new InstanceStartException($"{keyByEndPoint[endpoint]}: cannot listen on {endpoint}: {Reason(exception)}", exception);
        }
    }

    private static string Reason(Exception exception) => exception switch
    {
        AddressInUseException => "address already in use, by another process",
        SocketException { SocketErrorCode: SocketError.AccessDenied } => "not permitted (a port below 1024 needs CAP_NET_BIND_SERVICE)",
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => "this machine has no such address",
        _ => exception.Message,
    };
}
