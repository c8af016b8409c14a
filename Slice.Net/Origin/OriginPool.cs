using System.Net;
using System.Text;
using Slice.Core.Options;

namespace Slice.Net.Origin;

/// <summary>
/// The keep-alive connections to the origin, whichever addresses are asked: they live as long as the instance, and outlive a reload that
/// changes the addresses. Thread-safe.
/// </summary>
/// <remarks>
/// The pool does what it is told and nothing of its own: no proxy from the environment, no redirects, no decompression, no cookies,
/// no tracing headers.
/// </remarks>
internal sealed class OriginPool : IDisposable
{
    private readonly HttpMessageInvoker _invoker;
    private readonly OpenConnections _open = new();

    /// <summary>A pool without connections.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="connector">Makes the connections, plain or with TLS.</param>
    public OriginPool(SliceOptions options, OriginConnector connector)
    {
        var lifetime = options.Timeouts.UpstreamConnectionLifetime;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            MaxResponseHeadersLength = options.Limits.ResponseHeadBytes >> 10,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = options.Timeouts.Connect,
            PooledConnectionIdleTimeout = options.Timeouts.UpstreamIdle,
            PooledConnectionLifetime = lifetime > TimeSpan.Zero ? lifetime : Timeout.InfiniteTimeSpan,
            RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
            ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
            ConnectCallback = (context, ct) => ConnectAsync(connector, context.DnsEndPoint, ct),
            PlaintextStreamFilter = (context, _) => new ValueTask<Stream>(new OriginConnection(context.PlaintextStream, _open.Add())),
        };

        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>Connections that are open.</summary>
    public int OpenCount => _open.Count;

    /// <summary>Sends a request and waits for the response head.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct) => _invoker.SendAsync(request, ct);

    /// <inheritdoc/>
    public void Dispose() => _invoker.Dispose();

    // When its time is over, the pool keeps the cause of a failure, but drops that of a cancellation.
    private static async ValueTask<Stream> ConnectAsync(OriginConnector connector, DnsEndPoint endPoint, CancellationToken ct)
    {
        try
        {
            return await connector.ConnectAsync(endPoint, ct);
        }
        catch (OperationCanceledException cancelled) when (cancelled.InnerException is OriginConnectException progress)
        {
            throw progress;
        }
    }
}
