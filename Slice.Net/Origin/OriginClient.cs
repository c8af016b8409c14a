using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Slice.Core.Fetching;
using Slice.Core.Options;
using Slice.Net.Handlers;

namespace Slice.Net.Origin;

/// <summary>
/// Requests to the origin over one pool of keep-alive connections. Thread-safe.
/// </summary>
/// <remarks>
/// The pool does what it is told and nothing of its own: no proxy from the environment, no redirects, no decompression, no cookies,
/// no tracing headers. How many subrequests run at once is the <see cref="OriginGate"/>'s business, not the pool's.
/// </remarks>
public sealed class OriginClient : IOriginClient, IDisposable
{
    // Idle connections are closed before common origins do it (nginx: 75 s), so that a request rarely meets a closing one.
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(60);

    // Connections are renewed so that a change of the origin's address in DNS is noticed. Arbitrary.
    private static readonly TimeSpan s_connectionLifetime = TimeSpan.FromMinutes(5);

    private readonly HttpMessageInvoker _pool;
    private readonly string _origin;
    private readonly TimeoutOptions _timeouts;
    private readonly TimeProvider _time;

    /// <summary>A client of the configured origin.</summary>
    public OriginClient(SliceOptions options, TimeProvider time)
    {
        _origin = options.UpstreamAddress?.GetLeftPart(UriPartial.Authority)
            ?? throw new ArgumentException("upstream_address is missing.", nameof(options));
        _timeouts = options.Timeouts;
        _time = time;
        _pool = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = options.Timeouts.Connect,
            PooledConnectionIdleTimeout = s_idleTimeout,
            PooledConnectionLifetime = s_connectionLifetime,
            RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
            ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        });
    }

    /// <summary>The origin's address, for messages.</summary>
    public string Address => _origin;

    /// <inheritdoc/>
    public async ValueTask<OriginResult> SendAsync(OriginRequest request, CancellationToken ct)
    {
        var message = NewMessage(HttpMethod.Get, request.Template);
        var headers = message.Headers;
        if (!request.Template.PassesAcceptEncoding)
        {
            headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        }

        if (request.Range is { } range)
        {
            headers.TryAddWithoutValidation("Range", string.Create(CultureInfo.InvariantCulture, $"bytes={range.Start}-{range.End - 1}"));
        }

        AddPreconditions(headers, request);
        return await SendAsync(message, ct);
    }

    /// <summary>Sends a request that is passed through, with its body if it has one.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    internal async ValueTask<OriginResult> ForwardAsync(string method, SubrequestTemplate template, RequestBodyContent? body, CancellationToken ct)
    {
        var message = NewMessage(new HttpMethod(method), template);
        message.Content = body;
        if (body is not null)
        {
            foreach (var field in template.Fields)
            {
                if (field.Name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
                {
                    body.Headers.TryAddWithoutValidation(field.Name, field.Value);
                }
            }
        }

        return await SendAsync(message, ct);
    }

    /// <inheritdoc/>
    public void Dispose() => _pool.Dispose();

    private HttpRequestMessage NewMessage(HttpMethod method, SubrequestTemplate template)
    {
        // The target goes out byte for byte: Uri would otherwise decode %41 and resolve dot segments.
        var uri = new Uri(_origin + template.Target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var message = new HttpRequestMessage(method, uri) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        foreach (var field in template.Fields)
        {
            message.Headers.TryAddWithoutValidation(field.Name, field.Value);
        }

        if (template.Host is not null)
        {
            message.Headers.Host = template.Host;
        }

        return message;
    }

    private static void AddPreconditions(HttpRequestHeaders headers, OriginRequest request)
    {
        if (request.PinnedVersion is { HasStrongEntityTag: true, EntityTag: { } pinned })
        {
            headers.TryAddWithoutValidation("If-Match", pinned);
        }
        else if (request.PinnedVersion is { LastModified: { } unmodifiedSince })
        {
            headers.TryAddWithoutValidation("If-Unmodified-Since", unmodifiedSince);
        }

        if (request.KnownVersion is { EntityTag: { } known })
        {
            headers.TryAddWithoutValidation("If-None-Match", known);
        }

        if (request.KnownVersion is { LastModified: { } modifiedSince })
        {
            headers.TryAddWithoutValidation("If-Modified-Since", modifiedSince);
        }
    }

    private async ValueTask<OriginResult> SendAsync(HttpRequestMessage message, CancellationToken ct)
    {
        var deadline = new OriginDeadline(_time, ct);
        bool isHandedOver = false;
        try
        {
            deadline.Arm(_timeouts.FirstByte);
            if (message.Content is RequestBodyContent body)
            {
                // The origin's time does not run while we wait for the client, whose own deadline does: an upload may take an hour.
                body.OriginIsAwaited = isAwaited => deadline.Arm(isAwaited ? _timeouts.FirstByte : Timeout.InfiniteTimeSpan);
            }

            var response = await _pool.SendAsync(message, deadline.Token);
            if (!ResponseFraming.IsValid(response))
            {
                response.Dispose();
                return new OriginResult(null, new Failure(FetchError.HttpProtocolError, $"{_origin}: ambiguous body framing"));
            }

            var stream = await response.Content.ReadAsStreamAsync(deadline.Token);
            deadline.Disarm();
            isHandedOver = true;
            return new OriginResult(new HttpOriginResponse(response, stream, deadline, _timeouts.BetweenBytes), Failure.None);
        }
        catch (OperationCanceledException error)
        {
            ct.ThrowIfCancellationRequested();
            return new OriginResult(null, OfCancellation(error));
        }
        catch (HttpRequestException error)
        {
            ct.ThrowIfCancellationRequested();
            return new OriginResult(null, OfException(error));
        }
        catch (IOException error)
        {
            // Thrown by the request body: the client broke off.
            ct.ThrowIfCancellationRequested();
            return new OriginResult(null, new Failure(FetchError.ConnectionTerminated, error.Message));
        }
        finally
        {
            if (!isHandedOver)
            {
                deadline.Dispose();
            }
        }
    }

    // The pool reports its own connect timeout as a cancellation around a TimeoutException; what else was cancelled is our deadline.
    private Failure OfCancellation(OperationCanceledException error) => error.InnerException is TimeoutException
        ? new Failure(FetchError.ConnectionTimeout, $"no connection to {_origin} within {_timeouts.Connect.TotalSeconds:0.###} s")
        : new Failure(FetchError.HttpResponseTimeout, $"no response head from {_origin} within {_timeouts.FirstByte.TotalSeconds:0.###} s");

    private Failure OfException(HttpRequestException error)
    {
        string detail = $"{_origin}: {error.InnerException?.Message ?? error.Message}";
        return error.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => new Failure(FetchError.DnsError, detail),
            HttpRequestError.ConnectionError when error.InnerException is SocketException { SocketErrorCode: SocketError.TimedOut } =>
                new Failure(FetchError.ConnectionTimeout, detail),
            HttpRequestError.ConnectionError => new Failure(FetchError.ConnectionRefused, detail),
            HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError or HttpRequestError.ConfigurationLimitExceeded =>
                new Failure(FetchError.HttpProtocolError, detail),
            _ => new Failure(FetchError.ConnectionTerminated, detail),
        };
    }
}
