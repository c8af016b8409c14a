using System.Numerics;
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
    private readonly WirePool _wirePool;
    private readonly WireClient _wires;
    private readonly IReadOnlyList<Uri> _addresses;
    private readonly UpstreamHealthOptions _healthOptions;
    private readonly OriginEndpoint[] _endpoints;
    private readonly OriginHealth _health;
    private readonly PoolClient _requests;
    private readonly OriginPace _pace;
    private readonly OriginHedge? _hedge;
    private readonly TimeProvider _time;

    /// <summary>A client of the configured origin, all of whose addresses are healthy.</summary>
    public OriginClient(OriginPool pool, WirePool wires, SliceOptions options, TimeProvider time)
        : this(
            pool,
            wires,
            options,
            new OriginHealth(options.UpstreamAddresses.Count, options.UpstreamHealth, time),
            new OriginPace(time),
            time)
    {
    }

    private OriginClient(
        OriginPool pool, WirePool wires, SliceOptions options, OriginHealth health, OriginPace pace, TimeProvider time)
    {
        _pool = pool;
        _wirePool = wires;
        _wires = new WireClient(wires, options.Timeouts, time);
        _addresses = options.UpstreamAddresses;
        _healthOptions = options.UpstreamHealth;
        _endpoints = [.. options.UpstreamAddresses.Select(OriginEndpoint.Of)];
        _health = health;
        _requests = new PoolClient(pool, options.Timeouts, time, options.Hedges ? pace : null);
        _pace = pace;
        _hedge = options.Hedges ? new OriginHedge(pace, time) : null;
        _time = time;
    }

    /// <summary>
    /// Called when an address begins to rest (false, with the failure) or is back (true), once for each change. Must not throw.
    /// </summary>
    public Action<string, bool, Failure>? HealthChanged { get; init; }

    /// <summary>Called after each try at an address; null for nobody. Must not throw.</summary>
    public Action<OriginTry>? Tried { get; init; }

    /// <summary>Connections to where redirects lead; null where none is ever followed.</summary>
    public RedirectPools? Redirects { get; init; }

    /// <summary>The way that requests of ours take under a configuration: with redirects followed where it says so.</summary>
    public IOriginClient ForOurs(SliceOptions options) => options.FollowRedirects > 0 && Redirects is { } pools
        ? new RedirectFollower(this, pools, options, _time)
        : this;

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
        return new OriginClient(_pool, _wirePool, options, health, isSame ? _pace : new OriginPace(_time), _time)
        {
            HealthChanged = HealthChanged,
            Tried = Tried,
            Redirects = Redirects,
        };
    }

    /// <inheritdoc/>
    public ValueTask<OriginResult> SendAsync(OriginRequest request, CancellationToken ct) => SendAsync(new OriginCall(request), ct);

    /// <summary>
    /// Sends a client's own request, over connections that we write and read ourselves: to one address after the other, while none has
    /// seen the request.
    /// </summary>
    /// <param name="request">The request; the caller's.</param>
    /// <param name="ct">Ends waiting for the response head, and the reading of its body.</param>
    /// <returns>The response, the caller's, or why there is none.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    internal async ValueTask<(WireResponse? Response, Failure Failure)> ForwardAsync(WireRequest request, CancellationToken ct)
    {
        uint tried = 0;
        var failure = Failure.None;

        // A login is known at one address only.
        int bound = Array.FindIndex(_endpoints, endpoint => endpoint == request.Private?.Endpoint);
        while (true)
        {
            var turn = bound >= 0 && tried == 0 ? _health.Choose(bound) : _health.Next(tried, failed: -1);
            if (turn == OriginTurn.None)
            {
                return (null, failure);
            }

            tried |= 1u << turn.Index;
            var result = await ForwardToAsync(turn, request, ct);
            if (result.Response is not null)
            {
                return ((WireResponse)result.Response, Failure.None);
            }

            failure = OriginFailures.Join(failure, result.Failure);
            if (!request.MayGoElsewhere(result.Failure.Error))
            {
                return (null, failure);
            }
        }
    }

    // From address to address until one answers, each once at most, hedges aside: no wait between them, as another machine has nothing to
    // recover from.
    private async ValueTask<OriginResult> SendAsync(OriginCall call, CancellationToken ct)
    {
        if (!call.HasKnownHost)
        {
            // The client's own request can still go, over a connection of ours.
            return new OriginResult(null, new Failure(FetchError.HttpProtocolError, "the pool cannot send such a Host"));
        }

        if (call.SparesResting && _health.AllRest())
        {
            return new OriginResult(null, new Failure(FetchError.ConnectionRefused, "every address rests after failures"));
        }

        int repeats = 0;
        int hedges = 0;
        int failed = IndexOf(call.FailedOrigin);
        int preferred = IndexOf(call.PreferredOrigin);
        uint tried = 0;
        foreach (string other in call.OriginsOfOtherVersions)
        {
            tried |= IndexOf(other) is >= 0 and var index ? 1u << index : 0;
        }

        var failure = BitOperations.PopCount(tried) == _endpoints.Length
            ? new Failure(FetchError.ObjectChanged, "every address has another version")
            : Failure.None;
        bool asksPreferred = preferred >= 0 && preferred != failed && (tried & (1u << preferred)) == 0 && _health.IsHealthy(preferred);
        while (true)
        {
            var turn = asksPreferred ? _health.Choose(preferred) : _health.Next(tried, failed);
            asksPreferred = false;
            if (turn == OriginTurn.None)
            {
                return new OriginResult(null, failure) { Repeats = repeats, Hedges = hedges };
            }

            tried |= 1u << turn.Index;
            var result = _hedge is null ? await SendToAsync(turn, call, ct) : await SendHedgedAsync(_hedge, turn, call, tried, ct);
            repeats += result.Repeats;
            hedges += result.Hedges;
            if (result.Response is not null)
            {
                return result with { Repeats = repeats, Hedges = hedges };
            }

            failure = OriginFailures.Join(failure, result.Failure);
            if (!OriginCall.MayGoElsewhere(result.Failure.Error))
            {
                return new OriginResult(null, failure) { Repeats = repeats, Hedges = hedges };
            }
        }
    }

    private ValueTask<OriginResult> SendHedgedAsync(
        OriginHedge hedge, OriginTurn turn, OriginCall call, uint tried, CancellationToken ct) =>
        hedge.SendAsync(call.Request, (request, isAgain) =>
        {
            var next = isAgain ? _health.NextHealthy(tried, turn.Index) : turn;
            tried |= 1u << next.Index;
            return SendToAsync(next, new OriginCall(request), ct);
        });

    private int IndexOf(string? name) => name is null ? -1 : Array.FindIndex(_endpoints, endpoint => endpoint.Name == name);

    private async ValueTask<OriginResult> ForwardToAsync(OriginTurn turn, WireRequest request, CancellationToken ct)
    {
        var verdict = OriginVerdict.Unknown;
        var failure = Failure.None;
        long begunAt = _time.GetTimestamp();
        try
        {
            (var result, verdict) = await _wires.SendAsync(_endpoints[turn.Index], request, ct);
            failure = result.Failure;
            Tried?.Invoke(new OriginTry(
                _endpoints[turn.Index].Name, null, request, result.Response?.Status ?? 0, failure, _time.GetElapsedTime(begunAt)));
            return result;
        }
        finally
        {
            Report(turn, verdict, failure);
        }
    }

    // Also when the client left: a turn that was never reported would keep others from trying the address.
    private void Report(OriginTurn turn, OriginVerdict verdict, Failure failure)
    {
        var change = _health.Report(turn, verdict);
        if (change != OriginHealthChange.None)
        {
            HealthChanged?.Invoke(_endpoints[turn.Index].Name, change == OriginHealthChange.IsBack, failure);
        }
    }

    private async ValueTask<OriginResult> SendToAsync(OriginTurn turn, OriginCall call, CancellationToken ct)
    {
        var verdict = OriginVerdict.Unknown;
        var failure = Failure.None;
        var watch = OriginWatch.Start(call.InterimResponses);
        long begunAt = _time.GetTimestamp();
        try
        {
            var result = await _requests.SendAsync(_endpoints[turn.Index], call, watch, ct);
            failure = result.Failure;
            Tried?.Invoke(new OriginTry(
                _endpoints[turn.Index].Name, call.Request, null, result.Response?.Status ?? 0, failure, _time.GetElapsedTime(begunAt)));
            verdict = result.Response is not null ? OriginVerdict.Answered
                : OriginFailures.VerdictOf(failure.Error, watch.Connection is { IsUsedAgain: true });
            return result with { Repeats = watch.Repeats };
        }
        finally
        {
            Report(turn, verdict, failure);
        }
    }
}
