using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Slice.Host.Control;

/// <summary>Sends requests to a running instance. Thread-safe.</summary>
internal sealed class InstanceClient : IDisposable
{
    // The answers of an instance have some hundred bytes. Arbitrary.
    private const long MaxAnswerBytes = 64 << 10;

    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(10);
    private static readonly UriCreationOptions s_asWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly InstanceAddress _address;
    private readonly HttpMessageInvoker _http;

    /// <summary>A client of one instance.</summary>
    /// <param name="address">Where it is.</param>
    public InstanceClient(InstanceAddress address)
    {
        _address = address;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = s_connectTimeout,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,

            // A tag may be of any characters; what stands in a terminal is UTF-8.
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
            ConnectCallback = address.WantsProxyHeader ? ConnectAsBalancerAsync : null,
        });
    }

    /// <summary>Sends a request with the token, if there is one; returns with the head of the answer. The caller disposes it.</summary>
    /// <exception cref="HttpRequestException">The instance cannot be reached, or says nothing that is HTTP.</exception>
    public Task<HttpResponseMessage> SendAsync(
        HttpMethod method, RequestUrl url, CancellationToken ct, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        var request = NewRequest(method, url);
        foreach (var (name, value) in fields)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return _http.SendAsync(request, ct);
    }

    /// <summary>The same for an order, which is shown the token.</summary>
    /// <exception cref="HttpRequestException">The instance cannot be reached, or says nothing that is HTTP.</exception>
    public Task<HttpResponseMessage> SendOrderAsync(
        HttpMethod method, RequestUrl url, CancellationToken ct, params ReadOnlySpan<(string Name, string Value)> fields) =>
        _address.Token is { } token
            ? SendAsync(method, url, ct, [.. fields, ("X-Purge-Token", token)])
            : SendAsync(method, url, ct, fields);

    /// <summary>Reads the answer to an order.</summary>
    /// <exception cref="HttpRequestException">It is cut off, or longer than any that an instance gives.</exception>
    public static async Task<string> ReadAnswerAsync(HttpResponseMessage response, CancellationToken ct)
    {
        await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, ct);
        return await response.Content.ReadAsStringAsync(ct);
    }

    /// <summary>Why a request failed, in words.</summary>
    public string Explain(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError =>
            $"{_address.Authority} cannot be reached: {Innermost(error).Message}",
        HttpRequestError.ConfigurationLimitExceeded => $"{_address.Authority} answers more than pingora-slice ever does",
        _ => Innermost(error).Message,
    };

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    // A connection of this machine's own, which is nobody's behind the balancer.
    private static async ValueTask<Stream> ConnectAsBalancerAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, ct);
            await socket.SendAsync("PROXY UNKNOWN\r\n"u8.ToArray(), ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Exception Innermost(Exception error) => error.InnerException is { } inner ? Innermost(inner) : error;

    private HttpRequestMessage NewRequest(HttpMethod method, RequestUrl url)
    {
        var request = new HttpRequestMessage(method, new Uri($"http://{_address.Authority}{url.Target}", s_asWritten));
        request.Headers.Host = url.Host;
        return request;
    }
}
