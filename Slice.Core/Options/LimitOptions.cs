namespace Slice.Core.Options;

/// <summary>Bounds.</summary>
public sealed record LimitOptions
{
    /// <summary>Least that an <see cref="IndexMemory"/> of 0 stands for: 64 MiB, some 25,000 small objects. Arbitrary.</summary>
    internal const long MinIndexMemory = 64L << 20;

    /// <summary>Client connections at once. Default 10,000.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>
    /// Subrequests and first requests of objects at the origin at once, over all clients. Default 64. While others wait, slow ones count
    /// apart, at most as many again.
    /// </summary>
    public int MaxOriginRequests { get; init; } = 64;

    /// <summary>
    /// Requests at the origin at once that are passed through, over all clients. Default 1,024, arbitrary: each lasts as long as its client
    /// likes, so there are more of them than of <see cref="MaxOriginRequests"/>. One client address has at most three quarters.
    /// </summary>
    public int MaxPassthroughRequests { get; init; } = 1_024;

    /// <summary>
    /// Bytes of memory that the index of the cache may take, about; 0, the default, is an eighth of the cache and at least 64 MiB. What was
    /// not used lately goes for what comes. See <see cref="SliceOptions.ResolveIndexMemory"/>.
    /// </summary>
    public long IndexMemory { get; init; }

    /// <summary>Most ranges in one request that are answered as parts; a Range with more is ignored. Default 200.</summary>
    public int MaxRanges { get; init; } = 200;

    /// <summary>Longest request-target in bytes. Default 8 KiB (414 above).</summary>
    public int RequestTargetBytes { get; init; } = 8 << 10;

    /// <summary>Longest request head in bytes. Default 32 KiB (431 above), Kestrel's <c>MaxRequestHeadersTotalSize</c>.</summary>
    public int RequestHeadBytes { get; init; } = 32 << 10;

    /// <summary>Longest response head of the origin in bytes. Default 64 KiB (502 above), as SocketsHttpHandler has it.</summary>
    public int ResponseHeadBytes { get; init; } = 64 << 10;

    /// <summary>Most field lines in a request. Default 100 (431 above), Kestrel's <c>MaxRequestHeaderCount</c>.</summary>
    public int RequestFields { get; init; } = 100;

    /// <summary>Longest request body in bytes that is passed through, 0 for no limit. Default 1 GiB (413 above).</summary>
    public long RequestBodyBytes { get; init; } = 1L << 30;

    /// <summary>
    /// Bytes per second that a client which is behind has to take; 0 is off. A client slower than this is aborted when it has used up
    /// <see cref="TimeoutOptions.Send"/>. Default 240, Kestrel's <c>MinResponseDataRate</c>.
    /// </summary>
    public long MinSendRate { get; init; } = 240;

    /// <summary>
    /// Bytes per second in which a request body has to arrive while we wait for it; 0 is off. A client slower than this is answered 408
    /// when it has used up <see cref="TimeoutOptions.RequestBody"/>. Default 240, Kestrel's <c>MinRequestBodyDataRate</c>.
    /// </summary>
    public long MinReceiveRate { get; init; } = 240;

    /// <summary>What one client address may have.</summary>
    public PerClientLimitOptions PerClient { get; init; } = new();
}
