namespace Slice.Core.Options;

/// <summary>Deadlines. A wait without one does not exist.</summary>
public sealed record TimeoutOptions
{
    /// <summary>A connection to the origin: looking the name up, trying its addresses, the TLS handshake. Default 10 s.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a connection to the origin is kept without a request. Default 60 s: common origins close it later (nginx: 75 s), so that a
    /// request rarely meets a closing one.
    /// </summary>
    public TimeSpan UpstreamIdle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Age at which a connection to the origin gets no further request: names are looked up for new connections only, so this is how soon a
    /// change of DNS is followed. 0 for no limit. Default 5 min, arbitrary.
    /// </summary>
    public TimeSpan UpstreamConnectionLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>From the request sent to the origin until its response head. Default 60 s, nginx's <c>proxy_read_timeout</c>.</summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two reads of a body from the origin. Default 60 s, nginx's <c>proxy_read_timeout</c>.</summary>
    public TimeSpan BetweenBytes { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// From a subrequest's begin to the last byte of its slice, each try for itself. Not for what is passed through or streams at the
    /// client's pace. Default 10 min, arbitrary: the largest slice, 10 MiB, comes in that time at 17 KiB/s, and a repeat goes on where the
    /// try before it ended.
    /// </summary>
    public TimeSpan SubrequestTotal { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest wait of a request, ours or passed through, for its turn at the origin. Default 60 s.</summary>
    public TimeSpan OriginQueue { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From the first byte of a request head to its last. Default 10 s.</summary>
    public TimeSpan RequestHead { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Longest wait for the next byte of a request body. Default 60 s, nginx's <c>client_body_timeout</c>. See <see
    /// cref="LimitOptions.MinReceiveRate"/>.
    /// </summary>
    public TimeSpan RequestBody { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Idle time of a connection between requests. Default 75 s, nginx's <c>keepalive_timeout</c>.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>
    /// Longest time in which a client that is behind takes no byte. Default 60 s, nginx's <c>send_timeout</c>. See <see
    /// cref="LimitOptions.MinSendRate"/>.
    /// </summary>
    public TimeSpan Send { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a client that has ended its direction of the connection, and takes nothing, is answered all the same; it may have closed
    /// the connection. 0 for not at all. Default 30 s, arbitrary: most answers begin by then.
    /// </summary>
    public TimeSpan HalfClosed { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Longest silence of both sides of a tunnel (WebSocket). Default 1 h, the value that HAProxy's documentation uses for <c>timeout
    /// tunnel</c>.
    /// </summary>
    public TimeSpan Tunnel { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long after SIGTERM health checks are told 503 while connections are taken as before, so that balancers look elsewhere before
    /// the port closes. Default 0: nobody checks the instance.
    /// </summary>
    public TimeSpan DrainDelay { get; init; } = TimeSpan.Zero;

    /// <summary>Time that running responses get after SIGTERM and <see cref="DrainDelay"/>. Default 30 s.</summary>
    public TimeSpan Shutdown { get; init; } = TimeSpan.FromSeconds(30);
}
