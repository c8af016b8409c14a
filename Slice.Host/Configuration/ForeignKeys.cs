using Slice.Core.Options;

namespace Slice.Host.Configuration;

/// <summary>
/// Names that people bring from nginx, HAProxy, Varnish, Squid, Apache, Caddy and Traefik, and where the same thing is here. Case does not
/// count, and hyphen and underscore are the same. A name with a section before it means something else there than at the top. Directives of
/// nginx are explained in docs/migrating-from-nginx-slice.md.
/// </summary>
internal static class ForeignKeys
{
    private const string Migrating = "see docs/migrating-from-nginx-slice.md";

    // One row per key or section of ours: the names that mean it.
    private static readonly (string Key, string[] Names)[] s_sameThing =
    [
        ("upstream_address",
        [
            "upstream", "upstreams", "upstream_server", "upstream_servers", "upstream_url", "upstream_host", "origin", "origins",
            "origin_server", "origin_url", "origin_address", "backend", "backends", "default_backend", "use_backend", "backend_address",
            "proxy_pass", "reverse_proxy", "cache_peer", "target", "servers",
        ]),
        ("forward_host", ["preserve_host", "pass_host_header", "proxy_preserve_host", "host_header"]),
        ("rewrite_location", ["proxy_redirect", "proxy_pass_reverse"]),
        ("follow_redirects", ["redirects", "max_redirects"]),
        ("upstream_health.max_failures", ["max_fails", "fall", "passive_max_fails"]),
        ("upstream_health.rest", ["fail_timeout"]),
        ("upstream_health", ["health_check", "healthcheck", "health_checks", "probe"]),
        ("upstream_tls.server_name", ["proxy_ssl_name", "proxy_ssl_server_name", "sni"]),
        ("upstream_tls.ca_file", ["proxy_ssl_trusted_certificate", "ca_certificate"]),
        ("upstream_tls.verify", ["proxy_ssl_verify", "insecure_skip_verify", "ssl_verify", "verify_ssl", "tls_verify"]),
        ("upstream_tls", ["proxy_ssl_protocols", "proxy_ssl_ciphers"]),
        ("slice_size", ["slice", "chunk_size", "block_size", "part_size"]),
        ("max_concurrent_subrequests", ["concurrency", "parallelism", "max_concurrency", "slice_concurrency", "prefetch"]),
        ("max_retries", ["retries", "proxy_next_upstream_tries", "retry", "max_tries"]),
        ("slice_patterns", ["location", "locations", "patterns", "path_patterns", "url_patterns"]),
        ("enable_cache", ["cache", "proxy_cache", "caching", "cache_enabled"]),
        ("cache_ttl", ["ttl", "default_ttl", "max_age", "cache_default_expire", "expires"]),
        ("cache_rules",
        [
            "proxy_cache_valid", "proxy_ignore_headers", "proxy_cache_bypass", "proxy_no_cache", "refresh_pattern", "cache_control",
            "no_cache",
        ]),
        ("cache_stale_if_error", ["proxy_cache_use_stale", "grace", "default_grace", "stale_if_error", "max_stale"]),
        ("cache_stale_while_revalidate", ["proxy_cache_background_update", "stale_while_revalidate"]),
        ("cache_key", ["proxy_cache_key", "vcl_hash", "hash"]),
        ("l1_cache_size_bytes", ["cache_mem", "memory_size", "memory_cache_size", "total_max_size"]),
        ("limits.index_memory", ["keys_zone", "proxy_cache_min_free"]),
        ("l2_cache_dir", ["proxy_cache_path", "cache_dir", "cache_path", "cache_directory", "cache_root", "storage", "disk_cache"]),
        ("cache_size", ["max_size", "max_cache_size", "disk_size", "disk_cache_size", "cache_max_size"]),
        ("shared_cache",
        [
            "redis", "memcached", "memcache", "l3_cache", "l3", "enable_l3_cache", "enable_shared_cache", "distributed_cache",
            "remote_cache", "shared_tier", "redis_pass", "redis2_pass", "memcached_pass", "srcache_fetch", "srcache_store",
        ]),
        ("shared_cache.type",
        [
            "cache_backend", "cache_driver", "shared_cache_type", "shared_cache_backend", "l3_cache_type", "shared_cache.backend",
            "shared_cache.driver", "shared_cache.enabled", "shared_cache.mode",
        ]),
        ("shared_cache.address",
        [
            "redis_url", "redis_uri", "redis_host", "redis_port", "redis_address", "redis_addr", "redis_server", "redis_servers",
            "redis_nodes", "memcached_servers", "memcached_server", "memcached_host", "memcached_hosts", "memcached_address",
            "memcache_servers", "shared_cache_url", "shared_cache_address", "shared_cache.addresses", "shared_cache.servers",
            "shared_cache.server", "shared_cache.nodes", "shared_cache.url", "shared_cache.host", "shared_cache.hosts", "shared_cache.port",
            "shared_cache.endpoint", "shared_cache.endpoints",
        ]),
        ("shared_cache.directory",
        [
            "shared_cache_dir", "shared_cache_directory", "shared_cache_path", "l3_cache_dir", "nfs_dir", "nfs_path", "shared_cache.dir",
            "shared_cache.path",
        ]),
        ("shared_cache.directory_size", ["shared_cache_size", "l3_cache_size", "shared_cache.size", "shared_cache.max_size"]),
        ("shared_cache.sentinel", ["redis_sentinel", "sentinel_master", "master_name", "sentinel_master_name", "sentinels"]),
        ("shared_cache.user", ["redis_user", "redis_username", "shared_cache.username"]),
        ("shared_cache.password", ["redis_password", "redis_auth", "requirepass", "shared_cache.auth", "shared_cache.auth_token"]),
        ("shared_cache.tls", ["redis_tls", "redis_ssl", "shared_cache.ssl"]),
        ("shared_cache.tls_ca_file", ["redis_tls_ca", "shared_cache.ca_file", "shared_cache.ca_certificate"]),
        ("shared_cache.tls_server_name", ["shared_cache.server_name", "shared_cache.sni"]),
        ("shared_cache.prefix", ["redis_prefix", "key_prefix", "cache_prefix", "shared_cache.namespace"]),
        ("shared_cache.timeout", ["redis_timeout", "memcached_timeout", "memcached_read_timeout", "shared_cache.deadline"]),
        ("shared_cache.connections", ["redis_pool_size", "shared_cache.pool_size", "shared_cache.max_connections"]),
        ("listen_address", ["listen", "bind", "port", "http_port", "listen_port", "listener", "frontend", "entrypoints"]),
        ("tls.listen_address", ["https_port", "ssl_port", "listen_ssl", "listen_tls"]),
        ("tls.certificate", ["ssl_certificate", "crt", "cert", "ssl_cert", "tls_cert", "certfile"]),
        ("tls.key", ["ssl_certificate_key", "ssl_key", "tls_key", "keyfile"]),
        ("tls", ["ssl", "https"]),
        ("proxy_protocol", ["accept_proxy", "send_proxy", "send_proxy_v2"]),
        ("trusted_proxies",
        [
            "set_real_ip_from", "real_ip_header", "real_ip_recursive", "forwardfor", "option_forwardfor", "forwarded_headers",
            "trust_proxy", "trusted_ips", "remote_ip_header",
        ]),
        ("health_path", ["monitor_uri", "health", "health_endpoint", "healthz"]),
        ("metrics_endpoint.address", ["stub_status", "stats", "stats_socket", "metrics_address", "prometheus", "admin", "exporter"]),
        ("metrics_endpoint", ["metrics"]),
        ("purge", ["proxy_cache_purge", "fastcgi_cache_purge", "purge_method", "acl_purge"]),
        ("purge.auth_token", ["purge_token", "token", "secret"]),
        ("timeouts.connect", ["proxy_connect_timeout", "timeout_connect", "connect_timeout"]),
        ("timeouts.first_byte", ["timeout_server", "first_byte_timeout", "response_timeout"]),
        ("timeouts.between_bytes", ["proxy_read_timeout", "between_bytes_timeout", "read_timeout"]),
        ("timeouts.request_body", ["proxy_send_timeout", "client_body_timeout", "timeout_client"]),
        ("timeouts.request_head", ["client_header_timeout", "timeout_http_request"]),
        ("timeouts.keep_alive", ["keepalive_timeout", "timeout_http_keep_alive", "idle_timeout", "timeout_idle"]),
        ("timeouts.send", ["send_timeout", "write_timeout"]),
        ("timeouts.tunnel", ["timeout_tunnel"]),
        ("timeouts.upstream_idle", ["timeout_server_idle", "upstream_keepalive_timeout"]),
        ("timeouts.origin_queue", ["timeout_queue"]),
        ("timeouts.shutdown", ["worker_shutdown_timeout", "hard_stop_after", "shutdown_timeout", "graceful_timeout", "grace_period"]),
        ("timeouts.drain_delay", ["shutdown_delay", "drain_time"]),
        ("timeouts.subrequest_total", ["proxy_next_upstream_timeout"]),
        ("timeouts", ["timeout"]),
        ("limits.max_connections", ["worker_connections", "maxconn", "max_conns", "max_clients"]),
        ("limits.max_origin_requests", ["fullconn", "max_upstream_connections"]),
        ("limits.request_body", ["client_max_body_size", "request_body_max_size", "limit_request_body", "max_body_size"]),
        ("limits.request_head", ["large_client_header_buffers", "client_header_buffer_size", "http_req_size", "http_req_hdr_len"]),
        ("limits.response_head", ["proxy_buffer_size", "http_resp_size"]),
        ("limits.per_client.connections", ["limit_conn", "limit_conn_zone", "max_connections_per_ip"]),
        ("limits.per_client.requests_per_second", ["limit_req", "limit_req_zone", "rate_limit", "ratelimit"]),
        ("limits.per_client.bytes_per_second", ["limit_rate", "limit_rate_after", "bandwidth_limit", "throttle"]),
        ("log_level", ["error_log", "debug", "loglevel", "verbosity", "logging"]),
        ("access_log.path", ["log", "log_file", "logfile", "log_path", "access_log_file", "access_log_path", "custom_log", "transfer_log"]),
        ("access_log.format", ["log_format", "logformat", "access_log_format"]),
    ];

    // Names of things that need no key here, with what happens instead.
    private static readonly (string Advice, string[] Names)[] s_nothingToSet =
    [
        ("no key is needed: one process uses all cores, with event loops and threads of its own",
        [
            "workers", "worker", "worker_processes", "nbproc", "nbthread", "threads", "worker_threads", "num_workers",
            "worker_cpu_affinity", "thread_pools", "thread_pool_min", "thread_pool_max", "aio", "sendfile", "tcp_nopush", "tcp_nodelay",
            "use_epoll", "directio",
        ]),
        ("no key is needed: every Host is answered (forward_host tells sites of one origin apart)",
            ["server_name", "server", "server_names", "hostname", "hosts", "virtual_hosts", "sites"]),
        ($"no key is needed: clients that want the same slice always share one fetch, {Migrating}",
            ["proxy_cache_lock", "collapsed_forwarding", "request_coalescing"]),
        ("no key is needed: who waits for a slice gets its bytes as they land; a fetch that stalls ends after timeouts.between_bytes",
            ["proxy_cache_lock_timeout", "proxy_cache_lock_age"]),
        ($"no key is needed: GET is kept, and HEAD is answered from what is kept, {Migrating}",
            ["proxy_cache_methods", "proxy_cache_convert_head"]),
        ($"no key is needed: connections to the origin are kept, for timeouts.upstream_idle, {Migrating}",
            ["keepalive", "keepalive_requests", "keepalive_time"]),
        ("no key is needed: what the tier has is kept as long as it is fresh or may serve stale, by the rules of every answer",
            ["shared_cache.ttl", "redis_ttl", "shared_cache_ttl", "memcached_ttl"]),
        ("no key is needed: a cluster is found out by its servers", ["redis_cluster", "shared_cache.cluster"]),
        ($"no key is needed: what is used least goes when cache_size is reached, not after a time, {Migrating}", ["inactive"]),
        ($"no key is needed: the cache is a few large files in l2_cache_dir, {Migrating}",
        [
            "levels", "use_temp_path", "loader_files", "loader_sleep", "loader_threshold", "manager_files", "manager_sleep",
            "manager_threshold", "open_file_cache", "open_file_cache_valid", "open_file_cache_min_uses", "open_file_cache_errors",
        ]),
        ("no key is needed: names are looked up by the system's resolver, anew after timeouts.upstream_connection_lifetime",
            ["resolver", "resolver_timeout", "resolvers", "nameserver", "nameservers"]),
        ("no key is needed: there is HTTP only, as with mode http of HAProxy", ["mode"]),
        ($"not known: files come from an origin (upstream_address), not from a directory of this machine, {Migrating}",
            ["root", "alias", "index", "try_files", "autoindex"]),
        ($"not here: answers of the origin, errors too, go to the client as they are; cache_stale_if_error serves old copies, {Migrating}",
            ["error_page", "proxy_intercept_errors", "errorfile", "errorfiles"]),
        ($"not here: the origin is shown no certificate of ours; a local proxy such as stunnel or nginx can show one, {Migrating}",
            ["proxy_ssl_certificate", "proxy_ssl_certificate_key", "client_certificate"]),
        ("not here: the routing table of the system decides the address that the origin sees (ip route … src)",
            ["proxy_bind", "source", "tcp_outgoing_address"]),
        ($"no key is needed: what is stale is validated with one conditional request, {Migrating}", ["proxy_cache_revalidate"]),
        ($"no key is needed: the ranges for the origin are ours, fields go on by fixed rules, {Migrating}",
        [
            "proxy_set_header", "proxy_hide_header", "proxy_pass_header", "proxy_http_version", "add_header", "request_headers",
            "headers", "proxy_pass_request_headers", "proxy_ignore_client_abort",
        ]),
        ($"no key is needed: bodies stream, nothing is buffered on disk, {Migrating}",
        [
            "proxy_buffering", "proxy_buffers", "proxy_busy_buffers_size", "proxy_request_buffering", "proxy_max_temp_file_size",
            "proxy_temp_path", "client_body_buffer_size", "client_body_temp_path",
        ]),
        ($"no key is needed: ranges are always cut from what is stored, also when the origin has none, {Migrating}",
            ["proxy_force_ranges"]),
        ("max_retries and the list of upstream_address decide that: another address is tried at once, then the round is repeated",
            ["proxy_next_upstream", "redispatch", "option_redispatch"]),
        ("there is no such choice: every answer that may be kept is kept at its first request", ["proxy_cache_min_uses"]),
        ("not here: the unit says it (User=, systemd/pingora-slice.service)",
            ["user", "group", "chroot", "uid", "gid", "daemon", "pid", "pid_file"]),
        ("not here: the unit says it (LimitNOFILE=, systemd/pingora-slice.service)", ["worker_rlimit_nofile", "ulimit_n", "ulimit"]),
        ("not known: a second configuration file on the command line overrides the first key by key", ["include", "import", "extends"]),
        ("not known: the balancer in front does that, see systemd/nginx.conf and systemd/haproxy.cfg",
        [
            "gzip", "brotli", "http2", "listen_http2", "http3", "rewrite", "return", "auth_basic", "allow", "deny", "acl", "acls",
            "balance", "secure_link", "secure_link_md5", "secure_link_secret", "valid_referers", "map", "geo", "if", "set",
            "split_clients", "auth_request", "sub_filter", "image_filter", "satisfy", "http_request", "http_response",
        ]),
        ($"not YAML of ours but a block of nginx, {Migrating}", ["http", "events", "stream"]),
        ("not YAML of ours but a section of HAProxy; KEY: VALUE lines are wanted, see docs/configuration.md", ["global", "defaults"]),
    ];

    private static readonly Dictionary<string, string> s_hintByName = Build();

    /// <summary>Every foreign name with what is said about it, for tests.</summary>
    internal static IReadOnlyDictionary<string, string> Hints => s_hintByName;

    /// <summary>Keys and sections of ours that a hint names, for tests.</summary>
    internal static IEnumerable<string> NamedKeys => s_sameThing.Select(row => row.Key);

    /// <summary>What to say about an unknown key that is another program's name, or null.</summary>
    public static string? Find(string name) => s_hintByName.GetValueOrDefault(name.ToLowerInvariant().Replace('-', '_').Replace(' ', '_'));

    private static Dictionary<string, string> Build()
    {
        Dictionary<string, string> hints = [];
        foreach ((string key, string[] names) in s_sameThing)
        {
            string where = OptionTable.Sections.Contains(key) ? $"the section {key}"
                : OptionTable.ParentOf(key) is { Length: > 0 } section ? $"{OptionTable.LocalNameOf(key)} in the section {section}"
                : key;
            foreach (string name in names)
            {
                hints.Add(name, $"that is {where} here");
            }
        }

        foreach ((string advice, string[] names) in s_nothingToSet)
        {
            foreach (string name in names)
            {
                hints.Add(name, advice);
            }
        }

        return hints;
    }
}
