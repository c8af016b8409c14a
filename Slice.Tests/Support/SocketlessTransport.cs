using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Slice.Tests.Support;

/// <summary>
/// Kestrel's socket transport with the socket hidden from its users, as under TLS: whoever wants to write has to use the pipe.
/// </summary>
internal sealed class SocketlessTransport(SocketTransportFactory sockets) : IConnectionListenerFactory
{
    private int _connections;

    /// <summary>Connections accepted so far; tells that this transport is the one in use.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <inheritdoc/>
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(this, await sockets.BindAsync(endpoint, cancellationToken));

    private sealed class Listener(SocketlessTransport transport, IConnectionListener listener) : IConnectionListener
    {
        public EndPoint EndPoint => listener.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            var connection = await listener.AcceptAsync(cancellationToken);
            if (connection is not null)
            {
                Interlocked.Increment(ref transport._connections);
                connection.Features.Set<IConnectionSocketFeature>(null);
            }

            return connection;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => listener.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => listener.DisposeAsync();
    }
}
