using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Slice.Net.Connections;

/// <summary>The orderly end of a connection under TLS.</summary>
/// <remarks>
/// RFC 8446 §6.1, RFC 9112 §9.8: without close_notify, a body that ends with the connection looks cut off to a client that knows TLS, and
/// one that was cut off looks whole to a client that does not. So a response that was cut off has no close_notify.
/// </remarks>
internal static class TlsEnding
{
    /// <summary>
    /// Sends close_notify, where the connection has TLS; within the deadline of a send. Never throws for what a client does.
    /// </summary>
    /// <param name="transport">The connection, on which all was sent.</param>
    /// <param name="deadlines">Those of the connection.</param>
    public static async ValueTask SendAsync(ConnectionContext transport, ConnectionDeadlines deadlines)
    {
        if (transport.Features.Get<ISslStreamFeature>() is not { SslStream: var tls })
        {
            return;
        }

        deadlines.ArmSend();
        try
        {
            await tls.ShutdownAsync();
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or ObjectDisposedException)
        {
            // The client has gone before us.
        }
        finally
        {
            deadlines.Disarm();
        }
    }
}
