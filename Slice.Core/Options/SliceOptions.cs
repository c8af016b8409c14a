using Slice.Core.Http;

namespace Slice.Core.Options;

/// <summary>
/// The effective configuration of one instance: immutable, complete, and valid once
/// <c>SliceOptionsValidator</c> has passed it. Every default is stated here and nowhere else, every range in <see cref="OptionTable"/>.
/// </summary>
public sealed record SliceOptions
{
    /// <summary>Bytes per slice. Default 1 MiB, nginx's customary <c>slice 1m</c>.</summary>
    public int SliceSizeBytes { get; init; } = 1 << 20;

    /// <summary>Slices one client request keeps in flight at the origin. Default 4.</summary>
    public int MaxConcurrentSubrequests { get; init; } = 4;

    /// <summary>
    /// Slices that are fetched ahead of a client which reads an object range by range. 0, the default, for none: nobody has asked for them,
    /// and what a client does not come for is traffic of the origin for nothing.
    /// </summary>
    public int PrefetchSlices { get; init; }

    /// <summary>Repeats of a failed subrequest after its first try. Default 3; the wait before the first is 100 ms and doubles.</summary>
    public int MaxRetries { get; init; } = 3;

    /// <summary>
    /// Whether a subrequest that is late is asked for again, over another connection; the first answer counts. Default true: it
    /// costs one subrequest in twenty at most.
    /// </summary>
    public bool Hedges { get; init; } = true;

    /// <summary>
    /// Most bytes of one object that are fetched although nobody reads them, after a client had its range of an object that the origin
    /// gives as a whole only. 0: none. Default 64 MiB, arbitrary: what an ordinary file has, and half a second at 1 Gbit/s.
    /// </summary>
    public long FillWholeBytes { get; init; } = 64 << 20;

    /// <summary>Regular expressions on the path; an object that matches none is fetched whole. Empty: every object is sliced.</summary>
    public IReadOnlyList<string> SlicePatterns { get; init; } = [];

    /// <summary>
    /// Whether slices are kept for later requests. Default true; false still slices, and forgets each object after its request.
    /// </summary>
    public bool EnableCache { get; init; } = true;

    /// <summary>
    /// Whether answers outside <see cref="SlicePatterns"/> are cached too, as they come, by the same rules. Default true.
    /// </summary>
    public bool CacheUnsliced { get; init; } = true;

    /// <summary>
    /// Freshness lifetime of an answer that states none of its own, on the paths of <see cref="SlicePatterns"/>. Elsewhere, and without
    /// patterns, only a file is kept then, for a tenth of its age and at most this. Default 3,600 s.
    /// </summary>
    public TimeSpan CacheTtl { get; init; } = TimeSpan.FromSeconds(3600);

    /// <summary>Whether <see cref="CacheTtl"/> also stands in for the freshness lifetime that a 200 or 206 states. Default false.</summary>
    public bool CacheTtlOverride { get; init; }

    /// <summary>
    /// Freshness lifetime of a 204, 404, 405, 410, 414 or 501 that states none; 0 stores none. Null, the default: 10 s on the paths of
    /// <see cref="SlicePatterns"/>, 0 elsewhere.
    /// </summary>
    public TimeSpan? CacheNegativeTtl { get; init; }

    /// <summary>What holds by path and status, whatever the origin says or leaves out; the first that fits counts. Default none.</summary>
    public IReadOnlyList<CacheRule> CacheRules { get; init; } = [];

    /// <summary>How long after its freshness a response that does not say serves while the origin fails. Default 0 s.</summary>
    public TimeSpan CacheStaleIfError { get; init; }

    /// <summary>
    /// How long after its freshness a response that does not say is used while it is validated in the background. Default 0 s.
    /// </summary>
    public TimeSpan CacheStaleWhileRevalidate { get; init; }

    /// <summary>Whether an answer with Set-Cookie may be kept, cookie and all. Default false.</summary>
    public bool CacheSetCookie { get; init; }

    /// <summary>Whether the client's own Cache-Control (no-cache, max-age, only-if-cached …) counts. Default true.</summary>
    public bool HonorRequestCacheControl { get; init; } = true;

    /// <summary>
    /// Which validator lets slices that were fetched at different times be one object. Default <see cref="ValidatorStrength.Strict"/>.
    /// </summary>
    public ValidatorStrength Validator { get; init; }

    /// <summary>Which part of the query belongs to the cache key. Default <see cref="QueryKey.All"/>.</summary>
    public QueryKey CacheKeyQuery { get; init; }

    /// <summary>
    /// Query arguments that do not belong to the cache key, by name; a trailing <c>*</c> stands for any ending. Default none.
    /// </summary>
    public IReadOnlyList<string> CacheKeyIgnoredArguments { get; init; } = [];

    /// <summary>
    /// Names of request fields that belong to the cache key, and so go to the origin with requests for all. Default none.
    /// </summary>
    public IReadOnlyList<string> CacheKeyFields { get; init; } = [];

    /// <summary>
    /// The addresses of the origin, all of one scheme. Required. All serve the same objects; requests go to them in turn.
    /// </summary>
    public IReadOnlyList<Uri> UpstreamAddresses { get; init; } = [];

    /// <summary>When an address of the origin is left alone for a while.</summary>
    public UpstreamHealthOptions UpstreamHealth { get; init; } = new();

    /// <summary>TLS to the origin.</summary>
    public UpstreamTlsOptions UpstreamTls { get; init; } = new();

    /// <summary>Whether the origin is reached over TLS: its addresses are <c>https</c>.</summary>
    internal bool UsesUpstreamTls => UpstreamAddresses.Count > 0 && UpstreamAddresses[0].Scheme == Uri.UriSchemeHttps;

    /// <summary>
    /// Whether the client's Host goes to the origin and into the cache key. Default false: the origin sees its own address, as with nginx's
    /// <c>proxy_pass</c>.
    /// </summary>
    public bool ForwardHost { get; init; }

    /// <summary>
    /// Whether Location, Content-Location and Refresh that name an address of the origin name the client's instead. Default true, as
    /// nginx's <c>proxy_redirect default</c>.
    /// </summary>
    public bool RewriteLocation { get; init; } = true;

    /// <summary>
    /// Redirects in a row that are followed to find an object that is cut into slices; 0, the default, follows none.
    /// </summary>
    public int FollowRedirects { get; init; }

    /// <summary>Hosts that redirects are followed to; <c>*.NAME</c> stands for every name below it. Default none.</summary>
    public IReadOnlyList<string> FollowRedirectsHosts { get; init; } = [];

    /// <summary>
    /// Whether requests that are passed through also carry <c>Forwarded</c> (RFC 7239), beside X-Forwarded-*. Default false.
    /// </summary>
    public bool SendsForwarded { get; init; }

    /// <summary>Which requests to the origin carry Via. Default <see cref="ViaToOrigin.Auto"/>.</summary>
    public ViaToOrigin ViaToOrigin { get; init; }

    /// <summary>Where clients connect, <c>address:port</c>. Default 0.0.0.0:8080.</summary>
    public string ListenAddress { get; init; } = "0.0.0.0:8080";

    /// <summary>TLS towards clients.</summary>
    public TlsOptions Tls { get; init; } = new();

    /// <summary>The PROXY protocol towards balancers.</summary>
    public ProxyProtocolOptions ProxyProtocol { get; init; } = new();

    /// <summary>
    /// Proxies whose word about their clients is believed, by X-Forwarded-* and Forwarded: addresses and networks. Default none.
    /// </summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>Path on the proxy port that answers health checks instead of the origin. Default <c>/health</c>.</summary>
    public string HealthPath { get; init; } = "/health";

    /// <summary>The endpoint with <c>/metrics</c>, <c>/health</c> and an index.</summary>
    public MetricsEndpointOptions MetricsEndpoint { get; init; } = new();

    /// <summary>Where slices are kept and how many bytes of them.</summary>
    public CacheStoreOptions Store { get; init; } = new();

    /// <summary>The tier that several instances share.</summary>
    public SharedCacheOptions SharedCache { get; init; } = new();

    /// <summary>PURGE.</summary>
    public PurgeOptions Purge { get; init; } = new();

    /// <summary>Deadlines.</summary>
    public TimeoutOptions Timeouts { get; init; } = new();

    /// <summary>Bounds on what one client, and all of them, may take.</summary>
    public LimitOptions Limits { get; init; } = new();

    /// <summary>
    /// Bytes of memory that the index of the cache may take: <see cref="LimitOptions.IndexMemory"/>, or what that stands for when it is 0.
    /// </summary>
    public long ResolveIndexMemory() => Limits.IndexMemory > 0
        ? Limits.IndexMemory
        : Math.Max(LimitOptions.MinIndexMemory, (Store.OnDisk == true ? Store.DiskSizeBytes : Store.MemorySizeBytes) / 8);

    /// <summary>Least severe log line that is written. Default <see cref="LogSeverity.Info"/>.</summary>
    public LogSeverity LogLevel { get; init; } = LogSeverity.Info;

    /// <summary>The access log.</summary>
    public AccessLogOptions AccessLog { get; init; } = new();
}
