using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Slice.Net.Connections;

/// <summary>
/// Gives a connection an output that writes to the socket itself (<see cref="SocketPipeWriter"/>). Stands right before TLS: nobody further
/// out writes. Where the transport has no socket, nothing changes.
/// </summary>
internal static class DirectTransport
{
    /// <summary>Goes on with <paramref name="next"/>, and gives the transport back its own output afterwards.</summary>
    public static async Task OnConnectedAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var transport = connection.Transport;
        if (connection.Features.Get<IConnectionSocketFeature>() is { Socket: var socket })
        {
            connection.Transport = new Direct(transport, socket);
        }

        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    }

    private sealed class Direct(IDuplexPipe transport, Socket socket) : IDuplexPipe
    {
        public PipeReader Input => transport.Input;

        public PipeWriter Output { get; } = new SocketPipeWriter(socket, transport.Output);
    }
}
