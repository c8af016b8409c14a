using Slice.Core.Http;
using static Slice.Core.Options.OptionKeys;

namespace Slice.Core.Options;

/// <summary>
/// Every key of the configuration, once. The reader binds by it, the validator checks by it, errors and suggestions quote it, and the
/// tables of <c>docs/configuration.md</c> and the sample configuration are compared with it by tests. Ranges, and what waits for a
/// restart, are stated here and nowhere else.
/// </summary>
public static class OptionTable
{
    // RFC 2616 §14.21 asked servers to promise no more than a year, and caches still hold to it.
    private const long YearMs = 365 * DayMs;

    /// <summary>All keys, in the order of the documentation.</summary>
    public static IReadOnlyList<OptionKey> Keys { get; } =
    [
        Addresses(
            "Origin", "upstream_address", "The origin that slices come from; several addresses of one origin get the requests in turn.",
            o => o.UpstreamAddresses, (o, v) => o with { UpstreamAddresses = v }),
        Flag(
            "Origin",
            "forward_host",
            "Whether the client's Host goes to the origin and into the cache key; otherwise the origin sees its own address.",
            o => o.ForwardHost, (o, v) => o with { ForwardHost = v }),
        Flag(
            "Origin",
            "rewrite_location",
            "Whether a Location, Content-Location or Refresh that names an address of the origin names the one that the client asked "
                + "instead.",
            o => o.RewriteLocation, (o, v) => o with { RewriteLocation = v }),
        Count(
            "Origin",
            "follow_redirects",
            0,
            10,
            "Redirects in a row that are followed to find an object that is sliced; 0 tells each redirect to the client.",
            o => o.FollowRedirects, (o, v) => o with { FollowRedirects = (int)v }),
        Hosts("Origin", "follow_redirects_hosts",
            "Hosts that redirects are followed to, without cookies and credentials. What is behind them is kept for all.",
            o => o.FollowRedirectsHosts, (o, v) => o with { FollowRedirectsHosts = v }),
        Flag(
            "Origin",
            "forwarded",
            "Whether requests that tell the origin of their client by X-Forwarded-For, -Proto and -Host also do so by Forwarded "
                + "(RFC 7239).",
            o => o.SendsForwarded, (o, v) => o with { SendsForwarded = v }),
        Choice(
            "Origin",
            "via_to_origin",
            ["auto", "true", "false"],
            "Which requests carry Via (RFC 9110 §7.6.3): those that do not ask for a coding or came with it, all, or none.",
            o => (int)o.ViaToOrigin, (o, v) => o with { ViaToOrigin = (ViaToOrigin)v }),
        Count("Origin", "upstream_health.max_failures", 1, 1_000, "Failures in a row that make an address rest.",
            o => o.UpstreamHealth.MaxFailures, (o, v) => o with { UpstreamHealth = o.UpstreamHealth with { MaxFailures = (int)v } }),
        Duration("Origin", "upstream_health.rest", 1, DayMs, "How long an address rests before one request tries it.",
            o => o.UpstreamHealth.Rest, (o, v) => o with { UpstreamHealth = o.UpstreamHealth with { Rest = v } }),

        OptionalText(
            "Origin",
            "upstream_tls.server_name",
            OptionKind.HostName,
            "Name in SNI and in the certificate of an https origin, instead of the host of the address.",
            o => o.UpstreamTls.ServerName, (o, v) => o with { UpstreamTls = o.UpstreamTls with { ServerName = v } }).AtRestart(),
        OptionalText(
            "Origin",
            "upstream_tls.ca_file",
            OptionKind.File,
            "CA certificates in PEM that alone are trusted for an https origin, instead of the system's.",
            o => o.UpstreamTls.CaFile, (o, v) => o with { UpstreamTls = o.UpstreamTls with { CaFile = v } }).AtRestart(),
        Flag("Origin", "upstream_tls.verify", "Whether the certificate of an https origin is verified.",
            o => o.UpstreamTls.Verify, (o, v) => o with { UpstreamTls = o.UpstreamTls with { Verify = v } }).AtRestart(),

        Size("Slicing", "slice_size", SliceOptionsValidator.MinimumSliceSizeBytes, 10 * MiB, "Bytes per slice.",
            o => o.SliceSizeBytes, (o, v) => o with { SliceSizeBytes = (int)v }),
        Count("Slicing", "max_concurrent_subrequests", 1, 64, "Most slices that one client request keeps in flight at the origin.",
            o => o.MaxConcurrentSubrequests, (o, v) => o with { MaxConcurrentSubrequests = (int)v }),
        Count("Slicing", "prefetch_slices", 0, 64, "Slices that are fetched ahead of a client that reads range by range; 0 for none.",
            o => o.PrefetchSlices, (o, v) => o with { PrefetchSlices = (int)v }),
        Count("Slicing", "max_retries", 0, 20,
            "Repeats of a failed subrequest after its first try; the wait before the first is 100 ms and doubles.",
            o => o.MaxRetries, (o, v) => o with { MaxRetries = (int)v }),
        Flag("Slicing", "hedging", "Whether a subrequest that is late, or stands still, is asked for again; at most one in twenty.",
            o => o.Hedges, (o, v) => o with { Hedges = v }),
        Size(
            "Slicing",
            "fill_whole",
            0,
            TiB,
            "Most bytes of an object without ranges at the origin that are fetched on after its last client had the range it wanted; 0 for "
                + "none.",
            o => o.FillWholeBytes, (o, v) => o with { FillWholeBytes = v }),
        Patterns(
            "Slicing",
            "slice_patterns",
            "Regular expressions on the path; an object that matches none is fetched whole. Empty: all are sliced.",
            o => o.SlicePatterns, (o, v) => o with { SlicePatterns = v }),

        Choice("Slicing", "validator", ["strict", "etag", "last-modified", "length"],
            "What answers must have in common for slices that were fetched at different times to be one object; with less, an object that "
                + "is no longer fresh is fetched anew.",
            o => (int)o.Validator, (o, v) => o with { Validator = (ValidatorStrength)v }),

        Flag("Cache", "enable_cache", "Whether slices are kept for later requests.",
            o => o.EnableCache, (o, v) => o with { EnableCache = v }).AtRestart(),
        Duration(
            "Cache",
            "cache_ttl",
            0,
            YearMs,
            "Freshness lifetime of an answer that states none, on the paths of slice_patterns; elsewhere the longest one of a file.",
            o => o.CacheTtl, (o, v) => o with { CacheTtl = v }),
        Flag("Cache", "cache_ttl_override", "Whether cache_ttl also stands in for the freshness lifetime that a 200 or 206 states.",
            o => o.CacheTtlOverride, (o, v) => o with { CacheTtlOverride = v }),
        OptionalDuration(
            "Cache",
            "cache_negative_ttl",
            0,
            DayMs,
            "Freshness lifetime of a 204, 404 or 410 that states none; 0 keeps none. When not set, 10s on the paths of "
                + "slice_patterns and 0 elsewhere.",
            o => o.CacheNegativeTtl, (o, v) => o with { CacheNegativeTtl = v }),
        new(
            "Cache",
            "cache_rules",
            OptionKind.CacheRules,
            "What is kept under a path, for how long, and what is not even looked up, whatever the origin says or leaves out. The first "
                + "rule that fits path and status counts.",
            o => o.CacheRules, (o, v) => o with { CacheRules = (IReadOnlyList<CacheRule>)v! }),
        Duration(
            "Cache",
            "cache_stale_if_error",
            0,
            YearMs,
            "How long after its freshness a response that does not say itself serves while the origin fails.",
            o => o.CacheStaleIfError, (o, v) => o with { CacheStaleIfError = v }),
        Duration(
            "Cache",
            "cache_stale_while_revalidate",
            0,
            YearMs,
            "How long after its freshness a response that does not say itself is used while it is validated in the background.",
            o => o.CacheStaleWhileRevalidate, (o, v) => o with { CacheStaleWhileRevalidate = v }),
        Flag("Cache", "cache_unsliced", "Whether answers to a GET outside slice_patterns are cached too, whole and by the same rules.",
            o => o.CacheUnsliced, (o, v) => o with { CacheUnsliced = v }),
        Flag("Cache", "cache_set_cookie", "Whether an answer with Set-Cookie may be kept, cookie and all, if nothing else forbids it.",
            o => o.CacheSetCookie, (o, v) => o with { CacheSetCookie = v }),
        Flag(
            "Cache",
            "honor_request_cache_control",
            "Whether Cache-Control of the client counts: no-cache, no-store, max-age, min-fresh, max-stale, only-if-cached.",
            o => o.HonorRequestCacheControl, (o, v) => o with { HonorRequestCacheControl = v }),
        Choice(
            "Cache",
            "cache_key.query",
            ["all", "sorted", "none"],
            "What of the query tells objects apart: all of it, its arguments in any order, or nothing.",
            o => (int)o.CacheKeyQuery, (o, v) => o with { CacheKeyQuery = (QueryKey)v }),
        Arguments(
            "Cache", "cache_key.ignored_arguments", "Query arguments that do not tell objects apart; requests for all go without them.",
            o => o.CacheKeyIgnoredArguments, (o, v) => o with { CacheKeyIgnoredArguments = v }),
        FieldNames(
            "Cache", "cache_key.fields", "Request fields that tell objects apart, and go to the origin with requests for all.",
            o => o.CacheKeyFields, (o, v) => o with { CacheKeyFields = v }),
        Size("Cache", "l1_cache_size_bytes", 16 * MiB, TiB, "Bytes kept when the cache is in memory.",
            o => o.Store.MemorySizeBytes, (o, v) => o with { Store = o.Store with { MemorySizeBytes = v } }).AtRestart(),
        OptionalFlag(
            "Cache",
            "enable_l2_cache",
            "Whether the cache is on disk, where the kernel's page cache is the memory tier. When not set, on disk if l2_cache_dir is "
                + "another than the default, or that is there and may be written; in memory otherwise.",
            o => o.Store.OnDisk, (o, v) => o with { Store = o.Store with { OnDisk = v } }).AtRestart(),
        Text("Cache", "l2_cache_dir", OptionKind.Directory, "Directory of the cache on disk.",
            o => o.Store.Directory, (o, v) => o with { Store = o.Store with { Directory = v } }).AtRestart(),
        Flag(
            "Cache",
            "l2_cache_required",
            "Whether a directory that cannot be used ends the start. Otherwise the cache is in memory until the directory can be used.",
            o => o.Store.IsDirectoryRequired, (o, v) => o with { Store = o.Store with { IsDirectoryRequired = v } }).AtRestart(),
        Size(
            "Cache",
            "cache_size",
            16 * MiB,
            64 * TiB,
            "Bytes of the cache on disk, with its journal; a hard limit, for each instance. When neither this nor enable_l2_cache is set, "
                + "at most half of the free room.",
            o => o.Store.DiskSizeBytes, (o, v) => o with { Store = o.Store with { DiskSizeBytes = v } }).AtRestart(),

        .. SharedCacheOptionKeys.All,

        Text("Listening", "listen_address", OptionKind.ListenAddress, "Where clients connect.",
            o => o.ListenAddress, (o, v) => o with { ListenAddress = v }).AtRestart(),
        OptionalText("Listening", "tls.listen_address", OptionKind.ListenAddress, "Where clients connect with TLS.",
            o => o.Tls.ListenAddress, (o, v) => o with { Tls = o.Tls with { ListenAddress = v } }).AtRestart(),
        OptionalText("Listening", "tls.certificate", OptionKind.File, "Certificate for clients and its chain in PEM; read again at SIGHUP.",
            o => o.Tls.Certificate, (o, v) => o with { Tls = o.Tls with { Certificate = v } }).AtRestart(),
        OptionalText("Listening", "tls.key", OptionKind.File, "Key of that certificate in PEM, without a password; read again at SIGHUP.",
            o => o.Tls.Key, (o, v) => o with { Tls = o.Tls with { Key = v } }).AtRestart(),
        Flag(
            "Listening",
            "proxy_protocol.enabled",
            "Whether every client connection begins with a header of the PROXY protocol, version 1 or 2.",
            o => o.ProxyProtocol.Enabled, (o, v) => o with { ProxyProtocol = o.ProxyProtocol with { Enabled = v } }).AtRestart(),
        Networks("Listening", "proxy_protocol.trusted_addresses", "Balancers whose header is believed; connections of others are closed.",
            o => o.ProxyProtocol.TrustedAddresses,
            (o, v) => o with { ProxyProtocol = o.ProxyProtocol with { TrustedAddresses = v } }).AtRestart(),
        Networks(
            "Listening",
            "trusted_proxies",
            "Proxies in front whose X-Forwarded-For, -Proto, -Host, Forwarded and X-Request-Id are believed.",
            o => o.TrustedProxies, (o, v) => o with { TrustedProxies = v }),
        Text("Listening", "health_path", OptionKind.UrlPath, "Path on the proxy port that answers health checks instead of the origin.",
            o => o.HealthPath, (o, v) => o with { HealthPath = v }),

        Flag("Metrics endpoint", "metrics_endpoint.enabled", "Whether the endpoint with /metrics and /health listens.",
            o => o.MetricsEndpoint.Enabled, (o, v) => o with { MetricsEndpoint = o.MetricsEndpoint with { Enabled = v } }).AtRestart(),
        Text("Metrics endpoint", "metrics_endpoint.address", OptionKind.ListenAddress, "Where it listens.",
            o => o.MetricsEndpoint.Address, (o, v) => o with { MetricsEndpoint = o.MetricsEndpoint with { Address = v } }).AtRestart(),
        Hosts("Metrics endpoint", "metrics_endpoint.host_names", "Names by which browsers may ask for the status page.",
            o => o.MetricsEndpoint.HostNames, (o, v) => o with { MetricsEndpoint = o.MetricsEndpoint with { HostNames = v } }),

        Flag("Purge", "purge.enabled", "Whether PURGE is answered; otherwise it is refused with 405.",
            o => o.Purge.Enabled, (o, v) => o with { Purge = o.Purge with { Enabled = v } }),
        OptionalText(
            "Purge",
            "purge.auth_token",
            OptionKind.Secret,
            "The token a PURGE must carry, on both ports; without one, PURGE is answered on the metrics port only.",
            o => o.Purge.AuthToken, (o, v) => o with { Purge = o.Purge with { AuthToken = v } }),
        Flag("Purge", "purge.enable_metrics", "Whether purge metrics are published.",
            o => o.Purge.EnableMetrics, (o, v) => o with { Purge = o.Purge with { EnableMetrics = v } }),

        Deadline(
            "connect",
            "A connection to the origin: looking the name up, trying its addresses, the TLS handshake.",
            t => t.Connect,
            (t, v) => t with { Connect = v }).AtRestart(),
        Deadline(
            "upstream_idle",
            "How long a connection to the origin is kept without a request.",
            t => t.UpstreamIdle,
            (t, v) => t with { UpstreamIdle = v }).AtRestart(),
        Duration(
            "Timeouts",
            "timeouts.upstream_connection_lifetime",
            0,
            DayMs,
            "Age at which a connection to the origin gets no further request, so that changes of DNS are followed; 0 for no limit.",
            o => o.Timeouts.UpstreamConnectionLifetime,
            (o, v) => o with { Timeouts = o.Timeouts with { UpstreamConnectionLifetime = v } }).AtRestart(),
        Deadline(
            "first_byte",
            "From the request sent to the origin until its response head.",
            t => t.FirstByte,
            (t, v) => t with { FirstByte = v }),
        Deadline(
            "between_bytes", "Between two reads of a body from the origin.", t => t.BetweenBytes, (t, v) => t with { BetweenBytes = v }),
        Deadline(
            "subrequest_total",
            "Whole time of one try at a slice, from its begin to the last byte.",
            t => t.SubrequestTotal,
            (t, v) => t with { SubrequestTotal = v }),
        Deadline(
            "origin_queue",
            "Longest wait of a request for its turn at the origin; 503 after that.",
            t => t.OriginQueue,
            (t, v) => t with { OriginQueue = v }),
        Deadline(
            "request_head",
            "From the first byte of a request head to its last; 408 after that.",
            t => t.RequestHead,
            (t, v) => t with { RequestHead = v }),
        Deadline(
            "request_body",
            "Longest wait for the next byte of a request body; 408 after that.",
            t => t.RequestBody,
            (t, v) => t with { RequestBody = v }),
        Deadline("keep_alive", "Idle time of a client connection between requests.", t => t.KeepAlive, (t, v) => t with { KeepAlive = v }),
        Deadline("send", "Longest time in which a client that is behind takes no byte.", t => t.Send, (t, v) => t with { Send = v }),
        Duration(
            "Timeouts",
            "timeouts.half_closed",
            0,
            DayMs,
            "How long a request is answered whose client has sent its end (FIN) and takes no byte; 0 ends it at once.",
            o => o.Timeouts.HalfClosed, (o, v) => o with { Timeouts = o.Timeouts with { HalfClosed = v } }),
        Deadline("tunnel", "Longest silence of both sides of a tunnel (WebSocket).", t => t.Tunnel, (t, v) => t with { Tunnel = v }),
        Duration(
            "Timeouts",
            "timeouts.drain_delay",
            0,
            DayMs,
            "How long after SIGTERM health checks say 503 while connections are still taken, so that balancers look elsewhere first.",
            o => o.Timeouts.DrainDelay, (o, v) => o with { Timeouts = o.Timeouts with { DrainDelay = v } }),
        Deadline(
            "shutdown",
            "Time that running responses get after SIGTERM and drain_delay.",
            t => t.Shutdown,
            (t, v) => t with { Shutdown = v }),

        Count("Limits", "limits.max_connections", 1, 1_000_000, "Client connections at once.",
            o => o.Limits.MaxConnections, (o, v) => o with { Limits = o.Limits with { MaxConnections = (int)v } }).AtRestart(),
        Count(
            "Limits",
            "limits.max_origin_requests",
            1,
            10_000,
            "Subrequests and first requests of objects at the origin at once, over all clients.",
            o => o.Limits.MaxOriginRequests, (o, v) => o with { Limits = o.Limits with { MaxOriginRequests = (int)v } }),
        Size(
            "Limits",
            "limits.index_memory",
            0,
            TiB,
            "Memory of the process for keys, heads and tables of what is cached; 0 for an eighth of the cache, at least 64 MiB.",
            o => o.Limits.IndexMemory, (o, v) => o with { Limits = o.Limits with { IndexMemory = v } }).AtRestart(),
        Count(
            "Limits",
            "limits.max_passthrough_requests",
            1,
            1_000_000,
            "Requests at the origin at once that are passed through, over all clients.",
            o => o.Limits.MaxPassthroughRequests, (o, v) => o with { Limits = o.Limits with { MaxPassthroughRequests = (int)v } }),
        Count(
            "Limits", "limits.max_ranges", 1, 1_000, "Most ranges in one request that are answered as parts; a Range with more is ignored.",
            o => o.Limits.MaxRanges, (o, v) => o with { Limits = o.Limits with { MaxRanges = (int)v } }),
        Size("Limits", "limits.request_target", 256, 64 * KiB, "Longest request-target; 414 above.",
            o => o.Limits.RequestTargetBytes, (o, v) => o with { Limits = o.Limits with { RequestTargetBytes = (int)v } }),
        Size("Limits", "limits.request_head", KiB, 256 * KiB, "Longest request head; 431 above.",
            o => o.Limits.RequestHeadBytes, (o, v) => o with { Limits = o.Limits with { RequestHeadBytes = (int)v } }),
        Count("Limits", "limits.request_fields", 8, 1_000, "Most field lines in a request; 431 above.",
            o => o.Limits.RequestFields, (o, v) => o with { Limits = o.Limits with { RequestFields = (int)v } }),
        Size("Limits", "limits.response_head", KiB, 1024 * KiB, "Longest response head of the origin; 502 above.",
            o => o.Limits.ResponseHeadBytes, (o, v) => o with { Limits = o.Limits with { ResponseHeadBytes = (int)v } }).AtRestart(),
        Size("Limits", "limits.request_body", 0, 64 * TiB, "Longest request body that is passed through; 413 above, 0 for no limit.",
            o => o.Limits.RequestBodyBytes, (o, v) => o with { Limits = o.Limits with { RequestBodyBytes = v } }),
        Size(
            "Limits",
            "limits.min_send_rate",
            0,
            1024 * MiB,
            "Bytes per second that a client which is behind has to take, on average; 0 for none.",
            o => o.Limits.MinSendRate, (o, v) => o with { Limits = o.Limits with { MinSendRate = v } }),
        Size(
            "Limits",
            "limits.min_receive_rate",
            0,
            1024 * MiB,
            "Bytes per second in which a request body has to arrive, on average; 0 for none.",
            o => o.Limits.MinReceiveRate, (o, v) => o with { Limits = o.Limits with { MinReceiveRate = v } }),
        Count(
            "Limits",
            "limits.per_client.connections",
            0,
            1_000_000,
            "Connections of one client address at once; 429 on one more, 0 for no limit.",
            o => o.Limits.PerClient.Connections,
            (o, v) => o with { Limits = o.Limits with { PerClient = o.Limits.PerClient with { Connections = (int)v } } }),
        Count(
            "Limits",
            "limits.per_client.requests_per_second",
            0,
            1_000_000,
            "Requests of one client address per second, as many at once; 429 above, 0 for no limit.",
            o => o.Limits.PerClient.RequestsPerSecond,
            (o, v) => o with { Limits = o.Limits with { PerClient = o.Limits.PerClient with { RequestsPerSecond = (int)v } } }),
        Size(
            "Limits",
            "limits.per_client.bytes_per_second",
            0,
            1024 * MiB,
            "Bytes per second that one client address is sent over all of its connections; more waits, 0 for no limit.",
            o => o.Limits.PerClient.BytesPerSecond,
            (o, v) => o with { Limits = o.Limits with { PerClient = o.Limits.PerClient with { BytesPerSecond = v } } }),

        new("Logging", "log_level", OptionKind.LogLevel, "Least severe log line that is written.",
            o => o.LogLevel, (o, v) => o with { LogLevel = (LogSeverity)v! }),
        OptionalText(
            "Logging", "access_log.path", OptionKind.LogTarget, "Where a line for each request goes; without it, nowhere.",
            o => o.AccessLog.Path, (o, v) => o with { AccessLog = o.AccessLog with { Path = v } }),
        Text("Logging", "access_log.format", OptionKind.LogFormat, "How such a line looks.",
            o => o.AccessLog.Format, (o, v) => o with { AccessLog = o.AccessLog with { Format = v } }),
    ];

    /// <summary>The sections, in the order of the documentation; one that stands in another has its name before its own.</summary>
    public static IReadOnlyList<string> Sections { get; } =
        [.. Keys.Select(key => key.Section).Where(section => section.Length > 0).Distinct()];

    /// <summary>The section that a key or a section stands in; empty at the top.</summary>
    public static string ParentOf(string name) => name[..Math.Max(0, name.LastIndexOf('.'))];

    /// <summary>The name of a key or a section inside the section that it stands in.</summary>
    public static string LocalNameOf(string name) => name[(name.LastIndexOf('.') + 1)..];

    /// <summary>The key of this name with its section, or null.</summary>
    public static OptionKey? Find(string name) => Keys.FirstOrDefault(key => key.Name == name);
}
