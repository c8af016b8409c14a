using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Slice.Core.Options;
using Slice.Net.Connections;

namespace Slice.Host.Service;

/// <summary>The ports of an instance as Kestrel is told of them: addresses, limits, and who serves a connection.</summary>
internal static class InstanceEndpoints
{
    // Kestrel's default lets a client make us hold 1 MiB that no handler has asked for; uploads run as well with this.
    private const int InputBufferBytes = 128 << 10;

    /// <summary>Every endpoint with the key that names it.</summary>
    public static Dictionary<EndPoint, string> Name(SliceOptions options)
    {
        var keyByEndPoint = new Dictionary<EndPoint, string> { [IPEndPoint.Parse(options.ListenAddress)] = "listen_address" };
        if (options.Tls.ListenAddress is { } tlsAddress)
        {
            keyByEndPoint.TryAdd(IPEndPoint.Parse(tlsAddress), "tls.listen_address");
        }

        if (options.MetricsEndpoint.Enabled)
        {
            // With port 0 twice, which only tests configure, both are one key here.
            keyByEndPoint.TryAdd(IPEndPoint.Parse(options.MetricsEndpoint.Address), "metrics_endpoint.address");
        }

        return keyByEndPoint;
    }

    /// <summary>Configures the ports of clients.</summary>
    /// <param name="kestrel">Is configured.</param>
    /// <param name="options">The configuration.</param>
    /// <param name="parts">Gives who serves, once connections come.</param>
    /// <param name="held">Knows the connections, when the service manager holds the sockets; else null.</param>
    public static void ConfigureProxy(KestrelServerOptions kestrel, SliceOptions options, Func<InstanceParts> parts, HeldConnections? held)
    {
        Limit(kestrel);
        kestrel.Listen(IPEndPoint.Parse(options.ListenAddress), listen => ServeClients(listen, options, parts, held));
        if (options.Tls.ListenAddress is { } tlsAddress)
        {
            kestrel.Listen(IPEndPoint.Parse(tlsAddress), listen => ServeClients(listen, options, parts, held, isTls: true));
        }
    }

    /// <summary>Configures the metrics port.</summary>
    public static void ConfigureAdmin(KestrelServerOptions kestrel, SliceOptions options, InstanceParts parts)
    {
        Limit(kestrel);
        kestrel.Listen(IPEndPoint.Parse(options.MetricsEndpoint.Address), listen =>
        {
            listen.Use(next => connection => parts.AdminConnections.OnConnectedAsync(connection, next));
            listen.Run(parts.Admin.OnConnectedAsync);
        });
    }

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.Limits.MaxRequestBufferSize = InputBufferBytes;
        kestrel.Limits.MaxRequestLineSize = InputBufferBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = InputBufferBytes;
    }

    // From the socket inwards: whether there is room, who the client is, TLS, HTTP.
    private static void ServeClients(
        ListenOptions listen, SliceOptions options, Func<InstanceParts> parts, HeldConnections? held, bool isTls = false)
    {
        listen.Protocols = HttpProtocols.Http1;
        if (held is not null)
        {
            listen.Use(next => connection => held.ServeAsync(connection, next));
        }

        listen.Use(next => connection => parts().ClientConnections.OnConnectedAsync(connection, next));
        if (options.ProxyProtocol.Enabled)
        {
            listen.Use(next => connection => parts().ProxyProtocol!.OnConnectedAsync(connection, next));
        }

        if (isTls)
        {
            listen.Use(next => connection => HandshakeDraining.Begin(connection, next));
            listen.Use(next => connection => DirectTransport.OnConnectedAsync(connection, next));
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = options.Timeouts.RequestHead,
                OnConnection = _ => new(parts().Certificate!.Options),
            });
            listen.Use(next => connection => HandshakeDraining.Complete(connection, next));
        }

        listen.Run(connection => parts().Proxy.OnConnectedAsync(connection));
    }
}
