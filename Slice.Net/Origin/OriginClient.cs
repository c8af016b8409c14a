using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// Requests to the addresses of one configuration, to whichever of them works, over an <see cref="OriginPool"/>. A part of the settings of
/// a request: a reload makes another one. Thread-safe.
/// </summary>
/// <remarks>
/// How many subrequests run at once is the <see cref="OriginGate"/>'s business; which address is asked is <see cref="OriginHealth"/>'s.
/// </remarks>
internal sealed class OriginClient : IOriginClient
{
    private readonly OriginPool _pool;
    private readonly IReadOnlyList<Uri> _addresses;
    private readonly UpstreamHealthOptions _healthOptions;
    private readonly OriginEndpoint[] _endpoints;
    private readonly OriginHealth _health;
    private readonly TimeoutOptions _timeouts;
    private readonly TimeProvider _time;

    /// <summary>A client of the configured origin, all of whose addresses are healthy.</summary>
    public OriginClient(OriginPool pool, SliceOptions options, TimeProvider time)
        : this(pool, options, new OriginHealth(options.UpstreamAddresses.Count, options.UpstreamHealth, time), time)
    {
    }

    private OriginClient(OriginPool pool, SliceOptions options, OriginHealth health, TimeProvider time)
    {
        _pool = pool;
        _addresses = options.UpstreamAddresses;
        _healthOptions = options.UpstreamHealth;
        _endpoints = [.. options.UpstreamAddresses.Select(OriginEndpoint.Of)];
        _health = health;
        _timeouts = options.Timeouts;
        _time = time;
    }

    /// <summary>
    /// Called when an address begins to rest (false, with the failure) or is back (true), once for each change. Must not throw.
    /// </summary>
    public Action<string, bool, Failure>? HealthChanged { get; init; }

    /// <summary>Each address with 1, or 0 while it rests.</summary>
    public IEnumerable<KeyValuePair<string, long>> ReadHealth() =>
        _endpoints.Select((endpoint, index) => KeyValuePair.Create(endpoint.Name, _health.IsHealthy(index) ? 1L : 0L));

    /// <summary>
    /// The client for another configuration. What is known of the health of the addresses is taken along when they are the same; so nobody
    /// has to find out anew, after a reload, which of them rests.
    /// </summary>
    public OriginClient Reconfigure(SliceOptions options)
    {
        bool isSame = options.UpstreamAddresses.SequenceEqual(_addresses) && options.UpstreamHealth == _healthOptions;
        var health = isSame ? _health : new OriginHealth(options.UpstreamAddresses.Count, options.UpstreamHealth, _time);
        return new OriginClient(_pool, options, health, _time) { HealthChanged = HealthChanged };
    }

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
        string method, SubrequestTemplate template, RequestBodyContent? body, IInterimResponseSink? interimResponses,
        CancellationToken ct) =>
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
        using var abandoned = call.Abandoned.UnsafeRegister(static deadline => ((OriginDeadline)deadline!).Expire(), deadline);
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
            var fault = ResponseFraming.FindFault(response, call.Upgrade is not null);
            if (fault != ResponseFault.None)
            {
                // Where this response ends is anybody's guess: disposing alone might read on and use the connection again.
                watch.Connection?.Abort();
                response.Dispose();
                return new OriginResult(null, OriginFailures.InvalidResponse(endpoint, fault));
            }

            var stream = await response.Content.ReadAsStreamAsync(deadline.Token);
            deadline.Disarm();
            isHandedOver = true;
            return new OriginResult(
                new HttpOriginResponse(endpoint.Name, response, stream, deadline, _timeouts, watch.Connection), Failure.None);
        }
        catch (Exception error) when (error is OperationCanceledException or HttpRequestException or IOException)
        {
            ct.ThrowIfCancellationRequested();
            call.Abandoned.ThrowIfCancellationRequested();
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
