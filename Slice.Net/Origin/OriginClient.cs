using System.Net;
using System.Text;
using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// Requests to the origin over one pool of keep-alive connections, to whichever of its addresses works. Thread-safe.
/// </summary>
/// <remarks>
/// The pool does what it is told and nothing of its own: no proxy from the environment, no redirects, no decompression, no cookies,
/// no tracing headers. How many subrequests run at once is the <see cref="OriginGate"/>'s business, not the pool's; which address is
/// asked is <see cref="OriginHealth"/>'s.
/// </remarks>
public sealed class OriginClient : IOriginClient, IDisposable
{
    // Idle connections are closed before common origins do it (nginx: 75 s), so that a request rarely meets a closing one.
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(60);

    // Connections are renewed so that a change of the origin's address in DNS is noticed. Arbitrary.
    private static readonly TimeSpan s_connectionLifetime = TimeSpan.FromMinutes(5);

    private readonly HttpMessageInvoker _pool;
    private readonly OriginEndpoint[] _endpoints;
    private readonly OriginHealth _health;
    private readonly TimeoutOptions _timeouts;
    private readonly TimeProvider _time;

    /// <summary>A client of the configured origin.</summary>
    /// <exception cref="InvalidDataException"><c>upstream_tls.ca_file</c> cannot be used; the message says why.</exception>
    public OriginClient(SliceOptions options, TimeProvider time)
    {
        _endpoints = [.. options.UpstreamAddresses.Select(OriginEndpoint.Of)];
        _health = new OriginHealth(_endpoints.Length, options.UpstreamHealth, time);
        _timeouts = options.Timeouts;
        _time = time;
        var handler = new SocketsHttpHandler
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
            PlaintextStreamFilter = static (context, _) => new ValueTask<Stream>(new OriginConnection(context.PlaintextStream)),
        };
        if (options.UsesUpstreamTls)
        {
            handler.ConnectCallback = new OriginTls(options.UpstreamTls).ConnectAsync;
        }

        _pool = new HttpMessageInvoker(handler);
    }

    /// <summary>
    /// Called when an address begins to rest (false, with the failure) or is back (true), once for each change. Set once, before use; must not throw.
    /// </summary>
    public Action<string, bool, Failure>? HealthChanged { get; set; }

    /// <summary>Each address with 1, or 0 while it rests.</summary>
    public IEnumerable<KeyValuePair<string, long>> ReadHealth() =>
        _endpoints.Select((endpoint, index) => KeyValuePair.Create(endpoint.Name, _health.IsHealthy(index) ? 1L : 0L));

    /// <inheritdoc/>
    public ValueTask<OriginResult> SendAsync(OriginRequest request, CancellationToken ct) => SendAsync(new OriginCall(request), ct);

    /// <summary>Sends a request that is passed through.</summary>
    /// <param name="method">The method, as the client spelled it.</param>
    /// <param name="template">Target and fields.</param>
    /// <param name="body">The body; null without one.</param>
    /// <param name="interimResponses">Where interim responses go; null for nowhere.</param>
    /// <param name="ct">Ends waiting for the response head, and the reading of its body.</param>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    internal ValueTask<OriginResult> ForwardAsync(
        string method, SubrequestTemplate template, RequestBodyContent? body, IInterimResponseSink? interimResponses, CancellationToken ct) =>
        SendAsync(new OriginCall(method, template, body) { InterimResponses = interimResponses }, ct);

    /// <summary>
    /// Sends a request that asks for another protocol (RFC 9110 §7.8). A 101 comes back as <see cref="HttpOriginResponse"/> with both
    /// directions open; anything else is an ordinary response.
    /// </summary>
    /// <param name="template">The request's fields, without Connection and Upgrade.</param>
    /// <param name="protocols">The value of Upgrade.</param>
    /// <param name="ct">Ends waiting for the response head.</param>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    internal ValueTask<OriginResult> UpgradeAsync(SubrequestTemplate template, string protocols, CancellationToken ct) =>
        SendAsync(new OriginCall("GET", template, body: null) { Upgrade = protocols }, ct);

    /// <inheritdoc/>
    public void Dispose() => _pool.Dispose();

    // From address to address until one answers, each once at most: no wait between them, as another machine has nothing to recover from.
    private async ValueTask<OriginResult> SendAsync(OriginCall call, CancellationToken ct)
    {
        int failed = call.FailedOrigin is null ? -1 : Array.FindIndex(_endpoints, endpoint => endpoint.Name == call.FailedOrigin);
        uint tried = 0;
        var failure = Failure.None;
        while (true)
        {
            var turn = _health.Next(tried, failed);
            if (turn == OriginTurn.None)
            {
                return new OriginResult(null, failure);
            }

            tried |= 1u << turn.Index;
            var result = await SendToAsync(turn, call, ct);
            if (result.Response is not null)
            {
                return result;
            }

            failure = OriginFailures.Join(failure, result.Failure);
            if (!call.MayGoElsewhere(result.Failure.Error))
            {
                return new OriginResult(null, failure);
            }
        }
    }

    private async ValueTask<OriginResult> SendToAsync(OriginTurn turn, OriginCall call, CancellationToken ct)
    {
        var verdict = OriginVerdict.Unknown;
        var failure = Failure.None;
        var watch = OriginWatch.Start(call.InterimResponses);
        try
        {
            var result = await SendToAsync(_endpoints[turn.Index], call, watch, ct);
            failure = result.Failure;
            verdict = result.Response is not null ? OriginVerdict.Answered
                : OriginFailures.VerdictOf(failure.Error, call.Body, watch.Connection is { IsUsedAgain: true });
            return result;
        }
        finally
        {
            // Also when the client left: a turn that was never reported would keep others from trying the address.
            var change = _health.Report(turn, verdict);
            if (change != OriginHealthChange.None)
            {
                HealthChanged?.Invoke(_endpoints[turn.Index].Name, change == OriginHealthChange.IsBack, failure);
            }
        }
    }

    private async ValueTask<OriginResult> SendToAsync(OriginEndpoint endpoint, OriginCall call, OriginWatch watch, CancellationToken ct)
    {
        // The head of a slice is a part of the whole.
        bool isTotalShorter = call.IsSubrequest && _timeouts.SubrequestTotal < _timeouts.FirstByte;
        var firstByte = isTotalShorter ? _timeouts.SubrequestTotal : _timeouts.FirstByte;
        var deadline = new OriginDeadline(_time, ct);
        bool isHandedOver = false;
        try
        {
            deadline.Arm(firstByte);
            if (call.Body is { } body)
            {
                // The origin's time does not run while we wait for the client, whose own deadline does: an upload may take an hour.
                body.OriginIsAwaited = isAwaited => deadline.Arm(isAwaited ? firstByte : Timeout.InfiniteTimeSpan);
            }

            var response = await _pool.SendAsync(call.NewMessage(endpoint), deadline.Token);
            if (ResponseFraming.FindFault(response, call.Upgrade is not null) is { } fault)
            {
                // Where this response ends is anybody's guess: disposing alone might read on and use the connection again.
                watch.Connection?.Abort();
                response.Dispose();
                return new OriginResult(null, OriginFailures.InvalidResponse(endpoint, fault));
            }

            var stream = await response.Content.ReadAsStreamAsync(deadline.Token);
            deadline.Disarm();
            isHandedOver = true;
            return new OriginResult(new HttpOriginResponse(endpoint.Name, response, stream, deadline, _timeouts, watch.Connection), Failure.None);
        }
        catch (Exception error) when (error is OperationCanceledException or HttpRequestException or IOException)
        {
            ct.ThrowIfCancellationRequested();
            return new OriginResult(null, OriginFailures.Of(error, endpoint, _timeouts.Connect, firstByte));
        }
        finally
        {
            if (!isHandedOver)
            {
                deadline.Dispose();
            }
        }
    }
}
