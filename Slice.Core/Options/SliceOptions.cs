using Slice.Core.Http;

namespace Slice.Core.Options;

/// <summary>
/// The effective configuration of one instance: immutable, complete, and valid once
/// <c>SliceOptionsValidator</c> has passed it. Every default is stated here and nowhere else.
/// </summary>
public sealed record SliceOptions
{
    /// <summary>Bytes per slice, 65,536 to 10,485,760. Default 1 MiB, nginx's customary <c>slice 1m</c>.</summary>
    public int SliceSizeBytes { get; init; } = 1 << 20;

    /// <summary>Slices one client request keeps in flight at the origin, 1 to 64. Default 4.</summary>
    public int MaxConcurrentSubrequests { get; init; } = 4;

    /// <summary>Repeats of a failed subrequest after its first try, 0 to 20. Default 3; the wait before the first is 100 ms and doubles.</summary>
    public int MaxRetries { get; init; } = 3;

    /// <summary>Regular expressions on the path; an object that matches none is fetched whole. Empty: every object is sliced.</summary>
    public IReadOnlyList<string> SlicePatterns { get; init; } = [];

    /// <summary>Whether slices are kept for later requests. Default true; false still slices, and forgets each object after its request.</summary>
    public bool EnableCache { get; init; } = true;

    /// <summary>Whether answers outside <see cref="SlicePatterns"/> are cached too, as they come, by the same rules. Default true.</summary>
    public bool CacheUnsliced { get; init; } = true;

    /// <summary>Freshness lifetime of an answer that states none of its own, 0 s to 365 days. Default 3,600 s.</summary>
    public TimeSpan CacheTtl { get; init; } = TimeSpan.FromSeconds(3600);

    /// <summary>Whether <see cref="CacheTtl"/> also stands in for the freshness lifetime that a 200 or 206 states. Default false.</summary>
    public bool CacheTtlOverride { get; init; }

    /// <summary>Freshness lifetime of a 204, 404, 405, 410, 414 or 501 that states none, 0 s (none is stored) to 1 day. Default 10 s.</summary>
    public TimeSpan CacheNegativeTtl { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long after its freshness a response that does not say serves while the origin fails, 0 s to 365 days. Default 0 s.</summary>
    public TimeSpan CacheStaleIfError { get; init; }

    /// <summary>How long after its freshness a response that does not say is used while it is validated in the background, 0 s to 365 days. Default 0 s.</summary>
    public TimeSpan CacheStaleWhileRevalidate { get; init; }

    /// <summary>Whether an answer with Set-Cookie may be kept, cookie and all. Default false.</summary>
    public bool CacheSetCookie { get; init; }

    /// <summary>Whether the client's own Cache-Control (no-cache, max-age, only-if-cached …) counts. Default true.</summary>
    public bool HonorRequestCacheControl { get; init; } = true;

    /// <summary>Which validator lets slices that were fetched at different times be one object. Default <see cref="ValidatorStrength.Strict"/>.</summary>
    public ValidatorStrength Validator { get; init; }

    /// <summary>Which part of the query belongs to the cache key. Default <see cref="QueryKey.All"/>.</summary>
    public QueryKey CacheKeyQuery { get; init; }

    /// <summary>Query arguments that do not belong to the cache key, by name; a trailing <c>*</c> stands for any ending. Default none.</summary>
    public IReadOnlyList<string> CacheKeyIgnoredArguments { get; init; } = [];

    /// <summary>
    /// The addresses of the origin, 1 to <see cref="OriginAddress.MaxCount"/>, all of one scheme. Required. All serve the same objects; requests go to them in
    /// turn.
    /// </summary>
    public IReadOnlyList<Uri> UpstreamAddresses { get; init; } = [];

    /// <summary>When an address of the origin is left alone for a while.</summary>
    public UpstreamHealthOptions UpstreamHealth { get; init; } = new();

    /// <summary>TLS to the origin.</summary>
    public UpstreamTlsOptions UpstreamTls { get; init; } = new();

    /// <summary>Whether the origin is reached over TLS: its addresses are <c>https</c>.</summary>
    internal bool UsesUpstreamTls => UpstreamAddresses.Count > 0 && UpstreamAddresses[0].Scheme == Uri.UriSchemeHttps;

    /// <summary>Whether the client's Host goes to the origin and into the cache key. Default false: the origin sees its own address, as with nginx's <c>proxy_pass</c>.</summary>
    public bool ForwardHost { get; init; }

    /// <summary>Whether requests that are passed through also carry <c>Forwarded</c> (RFC 7239), beside X-Forwarded-*. Default false.</summary>
    public bool SendsForwarded { get; init; }

    /// <summary>Where clients connect, <c>address:port</c>. Default 0.0.0.0:8080.</summary>
    public string ListenAddress { get; init; } = "0.0.0.0:8080";

    /// <summary>TLS towards clients.</summary>
    public TlsOptions Tls { get; init; } = new();

    /// <summary>The PROXY protocol towards balancers.</summary>
    public ProxyProtocolOptions ProxyProtocol { get; init; } = new();

    /// <summary>Path on the proxy port that answers health checks instead of the origin. Default <c>/health</c>.</summary>
    public string HealthPath { get; init; } = "/health";

    /// <summary>The endpoint with <c>/metrics</c>, <c>/health</c> and an index.</summary>
    public MetricsEndpointOptions MetricsEndpoint { get; init; } = new();

    /// <summary>Where slices are kept and how many bytes of them.</summary>
    public CacheStoreOptions Store { get; init; } = new();

    /// <summary>PURGE.</summary>
    public PurgeOptions Purge { get; init; } = new();

    /// <summary>Deadlines.</summary>
    public TimeoutOptions Timeouts { get; init; } = new();

    /// <summary>Bounds on what one client, and all of them, may take.</summary>
    public LimitOptions Limits { get; init; } = new();

    /// <summary>Least severe log line that is written. Default <see cref="LogSeverity.Info"/>.</summary>
    public LogSeverity LogLevel { get; init; } = LogSeverity.Info;
}

/// <summary>Severities of log lines, most talkative first.</summary>
public enum LogSeverity
{
    /// <summary>Single steps inside a request.</summary>
    Trace,

    /// <summary>Clients' faults and decisions of the cache.</summary>
    Debug,

    /// <summary>Start, shutdown, changes of state.</summary>
    Info,

    /// <summary>The origin's faults.</summary>
    Warn,

    /// <summary>Our own faults.</summary>
    Error,
}

/// <summary>When an address of the origin rests.</summary>
public sealed record UpstreamHealthOptions
{
    /// <summary>Failures in a row, none of them longer than <see cref="Rest"/> after the one before, that make an address rest, 1 to 1,000. Default 1, nginx's <c>max_fails</c>.</summary>
    public int MaxFailures { get; init; } = 1;

    /// <summary>How long an address rests before one request tries it, 1 ms to 1 day. Default 10 s, nginx's <c>fail_timeout</c>.</summary>
    public TimeSpan Rest { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>TLS to an origin whose addresses are <c>https</c>; without meaning for others.</summary>
public sealed record UpstreamTlsOptions
{
    /// <summary>The name in SNI and in the origin's certificate; null: the host of the address.</summary>
    public string? ServerName { get; init; }

    /// <summary>A PEM file of CA certificates, which then are the only ones that are trusted; null: those of the system.</summary>
    public string? CaFile { get; init; }

    /// <summary>Whether the origin must prove who it is. Default true; false gives encryption against listeners only, and a warning at start.</summary>
    public bool Verify { get; init; } = true;
}

/// <summary>TLS towards clients, on a port of its own.</summary>
public sealed record TlsOptions
{
    /// <summary>Where clients connect with TLS, <c>address:port</c>; null: nowhere.</summary>
    public string? ListenAddress { get; init; }

    /// <summary>PEM file with the certificate and its chain; required with <see cref="ListenAddress"/>. Read again at SIGHUP.</summary>
    public string? Certificate { get; init; }

    /// <summary>PEM file with the certificate's key; required with <see cref="ListenAddress"/>. Read again at SIGHUP.</summary>
    public string? Key { get; init; }
}

/// <summary>HAProxy's PROXY protocol, versions 1 and 2, on the ports of clients.</summary>
public sealed record ProxyProtocolOptions
{
    /// <summary>Whether every connection begins with its header. Default false.</summary>
    public bool Enabled { get; init; }

    /// <summary>Who is believed: addresses and networks (<c>10.0.0.0/8</c>); required when enabled. Connections of others are closed.</summary>
    public IReadOnlyList<string> TrustedAddresses { get; init; } = [];
}

/// <summary>The endpoint for operators.</summary>
public sealed record MetricsEndpointOptions
{
    /// <summary>Whether it listens at all. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Where it listens, <c>address:port</c>. Default 127.0.0.1:9090.</summary>
    public string Address { get; init; } = "127.0.0.1:9090";
}

/// <summary>The slice store: one tier, in memory or on disk.</summary>
public sealed record CacheStoreOptions
{
    /// <summary>Bytes kept when the store is in memory, at least 16 MiB. Default 256 MiB.</summary>
    public long MemorySizeBytes { get; init; } = 256L << 20;

    /// <summary>Whether the store is on disk (<c>enable_l2_cache</c>). Default false. On disk, the kernel's page cache is the memory tier.</summary>
    public bool OnDisk { get; init; }

    /// <summary>Directory of the store on disk (<c>l2_cache_dir</c>). Default /var/cache/pingora-slice.</summary>
    public string Directory { get; init; } = "/var/cache/pingora-slice";

    /// <summary>Bytes kept when the store is on disk (<c>cache_size</c>), at least 16 MiB; a hard limit. Default 10 GiB.</summary>
    public long DiskSizeBytes { get; init; } = 10L << 30;
}

/// <summary>Who may remove stored responses.</summary>
public sealed record PurgeOptions
{
    /// <summary>Whether PURGE is answered. Default true; false answers 405.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The token a PURGE must carry; null: only clients on loopback may purge.</summary>
    public string? AuthToken { get; init; }

    /// <summary>Whether purge metrics are published. Default true.</summary>
    public bool EnableMetrics { get; init; } = true;
}

/// <summary>Deadlines, each from 1 ms to 1 day. A wait without one does not exist.</summary>
public sealed record TimeoutOptions
{
    /// <summary>TCP connect to the origin, with the TLS handshake. Default 10 s.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the request sent to the origin until its response head. Default 60 s, nginx's <c>proxy_read_timeout</c>.</summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two reads of a body from the origin. Default 60 s, nginx's <c>proxy_read_timeout</c>.</summary>
    public TimeSpan BetweenBytes { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// From a subrequest's begin to the last byte of its slice, each try for itself. Not for what is passed through or streams at the client's pace. Default
    /// 10 min, arbitrary: the largest slice, 10 MiB, comes in that time at 17 KiB/s, and a repeat goes on where the try before it ended.
    /// </summary>
    public TimeSpan SubrequestTotal { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest wait of a subrequest for its turn at the origin. Default 60 s.</summary>
    public TimeSpan OriginQueue { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From the first byte of a request head to its last. Default 10 s.</summary>
    public TimeSpan RequestHead { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait for the next byte of a request body. Default 60 s, nginx's <c>client_body_timeout</c>. See <see cref="LimitOptions.MinReceiveRate"/>.</summary>
    public TimeSpan RequestBody { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Idle time of a connection between requests. Default 75 s, nginx's <c>keepalive_timeout</c>.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>Longest time in which a client that is behind takes no byte. Default 60 s, nginx's <c>send_timeout</c>. See <see cref="LimitOptions.MinSendRate"/>.</summary>
    public TimeSpan Send { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest silence of both sides of a tunnel (WebSocket). Default 1 h, the value that HAProxy's documentation uses for <c>timeout tunnel</c>.</summary>
    public TimeSpan Tunnel { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Time that running responses get after SIGTERM. Default 30 s.</summary>
    public TimeSpan Shutdown { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Bounds.</summary>
public sealed record LimitOptions
{
    /// <summary>Client connections at once, 1 to 1,000,000. Default 10,000.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>
    /// Subrequests and first requests of objects at the origin at once, over all clients, 1 to 10,000. Default 64. Requests that are passed through do not
    /// count: each lasts as long as its client likes, and <see cref="MaxConnections"/> bounds them.
    /// </summary>
    public int MaxOriginRequests { get; init; } = 64;

    /// <summary>Most ranges in one request that are answered as parts, 1 to 1,000; a Range with more is ignored. Default 200.</summary>
    public int MaxRanges { get; init; } = 200;

    /// <summary>Longest request-target in bytes, 256 to 65,536. Default 8 KiB (414 above).</summary>
    public int RequestTargetBytes { get; init; } = 8 << 10;

    /// <summary>Longest request head in bytes, 1,024 to 262,144. Default 32 KiB (431 above), Kestrel's <c>MaxRequestHeadersTotalSize</c>.</summary>
    public int RequestHeadBytes { get; init; } = 32 << 10;

    /// <summary>Most field lines in a request, 8 to 1,000. Default 100 (431 above), Kestrel's <c>MaxRequestHeaderCount</c>.</summary>
    public int RequestFields { get; init; } = 100;

    /// <summary>Longest request body in bytes that is passed through, 0 for no limit. Default 1 GiB (413 above).</summary>
    public long RequestBodyBytes { get; init; } = 1L << 30;

    /// <summary>
    /// Bytes per second that a client which is behind has to take, 0 to 1 GiB; 0 is off. A client slower than this is aborted when it has used up
    /// <see cref="TimeoutOptions.Send"/>. Default 240, Kestrel's <c>MinResponseDataRate</c>.
    /// </summary>
    public long MinSendRate { get; init; } = 240;

    /// <summary>
    /// Bytes per second in which a request body has to arrive while we wait for it, 0 to 1 GiB; 0 is off. A client slower than this is answered 408
    /// when it has used up <see cref="TimeoutOptions.RequestBody"/>. Default 240, Kestrel's <c>MinRequestBodyDataRate</c>.
    /// </summary>
    public long MinReceiveRate { get; init; } = 240;
}
