using System.Text;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Net.Origin;

namespace Slice.Net.Exchange;

/// <summary>
/// Everything that the operator has set and that one request goes by. A request takes one of these at its beginning and keeps it to its
/// end; a reload makes another one for the requests after it (<see cref="LiveSettings"/>). Immutable, so that no request can live under
/// two configurations.
/// </summary>
internal sealed class RequestSettings
{
    // Of a path that the operator named: an origin that says nothing about a missing file there hardly means the next second.
    private static readonly TimeSpan s_negativeLifetimeOfNamedPaths = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly CachePolicy _policyElsewhere;
    private readonly CachePolicy _policyOfNamedPaths;
    private readonly StoredResponseReader _readerOfNamedPaths;

    /// <summary>What a valid configuration means for a request.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="origin">The origin that it names.</param>
    /// <param name="time">The clock.</param>
    /// <param name="identity">The instance, for its whole life.</param>
    /// <param name="replaced">What held until now; null at the start.</param>
    public RequestSettings(
        SliceOptions options, OriginClient origin, TimeProvider time, ProxyIdentity identity, RequestSettings? replaced = null)
    {
        Identity = identity;
        Options = options;
        _time = time;
        _policyElsewhere = PolicyOf(options, isNamedPath: false);
        _policyOfNamedPaths = PolicyOf(options, isNamedPath: true);
        _readerOfNamedPaths = new StoredResponseReader(_policyOfNamedPaths, time);
        CacheRules = new CacheRules(options.CacheRules);
        Origin = origin;
        References = new OriginReferences(options);
        Patterns = new SlicePatterns(options.SlicePatterns);
        QueryKeyRule = new QueryKeyRule(options.CacheKeyQuery, options.CacheKeyIgnoredArguments);
        KeyFields = new KeyFields(options.CacheKeyFields);
        SharedFields = new SharedRequestFields(options.CacheKeyFields);
        HeadLimits = new RequestHeadLimits(
            options.Limits.RequestTargetBytes, options.Limits.RequestHeadBytes, options.Limits.RequestFields);
        Timeouts = TimeoutSettings.From(options, time);
        TrustedProxies = new TrustedProxies(options.TrustedProxies);
        ClientLimits = ClientLimits.For(options.Limits.PerClient, replaced?.ClientLimits);
        HealthPath = Encoding.ASCII.GetBytes(options.HealthPath);
        PurgeToken = options.Purge.AuthToken is { } token ? Encoding.UTF8.GetBytes(token) : default(ReadOnlyMemory<byte>?);
        Fetching = new FetchSettings
        {
            Origin = origin.ForOurs(options),
            Grid = new SliceGrid(options.SliceSizeBytes),
            Retries = new RetryPolicy(options.MaxRetries, Random.Shared.NextDouble, options.UpstreamAddresses.Count),
            Reader = new StoredResponseReader(_policyElsewhere, time),
            FillWholeBytes = options.FillWholeBytes,
            QueueTimeout = options.Timeouts.OriginQueue,
        };
    }

    /// <summary>The configuration itself, for what is used as it stands there.</summary>
    public SliceOptions Options { get; }

    /// <summary>Who we are for the proxies around us.</summary>
    public ProxyIdentity Identity { get; }

    /// <summary>The origin, for what is passed through.</summary>
    public OriginClient Origin { get; }

    /// <summary>Finds the addresses of the origin in its answers.</summary>
    public OriginReferences References { get; }

    /// <summary>What applies to everything that is fetched for the request.</summary>
    public FetchSettings Fetching { get; }

    /// <summary>Which paths are sliced.</summary>
    public SlicePatterns Patterns { get; }

    /// <summary>What the operator decides about answers by path and status.</summary>
    public CacheRules CacheRules { get; }

    /// <summary>What of the query belongs to the cache key.</summary>
    public QueryKeyRule QueryKeyRule { get; }

    /// <summary>Which fields of a request belong to the cache key.</summary>
    public KeyFields KeyFields { get; }

    /// <summary>Which fields of a client go along when others may get the answer.</summary>
    public SharedRequestFields SharedFields { get; }

    /// <summary>How large a request head may be.</summary>
    public RequestHeadLimits HeadLimits { get; }

    /// <summary>Deadlines towards the client.</summary>
    public TimeoutSettings Timeouts { get; }

    /// <summary>Whose word about a client is believed.</summary>
    public TrustedProxies TrustedProxies { get; }

    /// <summary>What one client address may have; shared with the settings before when they asked for the same.</summary>
    public ClientLimits ClientLimits { get; }

    /// <summary>Path that answers health checks.</summary>
    public ReadOnlyMemory<byte> HealthPath { get; }

    /// <summary>The token that a PURGE must carry; null when none is configured.</summary>
    public ReadOnlyMemory<byte>? PurgeToken { get; }

    /// <summary>Whether the origin, or one of its addresses, is asked for another Host than the client asked for.</summary>
    public bool ChangesHost(ReadOnlySpan<byte> clientHost)
    {
        if (Options.ForwardHost)
        {
            return false;
        }

        foreach (var address in Options.UpstreamAddresses)
        {
            if (!Ascii.EqualsIgnoreCase(clientHost, address.Authority))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What is kept of answers for a target in normal form, for whom and for how long.</summary>
    /// <param name="normalizedTarget">The target.</param>
    /// <param name="isSliced">Whether the target is on a sliced path.</param>
    public StoredResponseReader ReaderOf(ReadOnlySpan<byte> normalizedTarget, bool isSliced)
    {
        bool isNamed = isSliced && Options.SlicePatterns.Count > 0;
        var rules = CacheRules.Of(normalizedTarget);
        return rules.Count > 0
            ? new StoredResponseReader((isNamed ? _policyOfNamedPaths : _policyElsewhere) with { Rules = rules }, _time)
            : isNamed ? _readerOfNamedPaths
            : Fetching.Reader;
    }

    private static CachePolicy PolicyOf(SliceOptions options, bool isNamedPath) => new()
    {
        IsEnabled = options.EnableCache,
        IsNamedPath = isNamedPath,

        // Without patterns everything is taken for a file at first, and what is longer than a slice is one: a page, a playlist or what an
        // API says is shorter. Where its origin serves no ranges, each range of it would cost all of it each time.
        LongestPageBytes = options.SlicePatterns.Count > 0 ? long.MaxValue : options.SliceSizeBytes,
        DefaultLifetime = options.CacheTtl,
        OverridesLifetime = options.CacheTtlOverride,
        NegativeLifetime = options.CacheNegativeTtl ?? (isNamedPath ? s_negativeLifetimeOfNamedPaths : TimeSpan.Zero),
        Stale = new StaleDefaults(options.CacheStaleWhileRevalidate, options.CacheStaleIfError),
        StoresSetCookie = options.CacheSetCookie,
        Validator = options.Validator,
    };
}
