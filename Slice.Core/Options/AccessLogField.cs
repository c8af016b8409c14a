namespace Slice.Core.Options;

/// <summary>One figure of a line of the access log. The name in a template is the member's in lower case with underscores.</summary>
public enum AccessLogField
{
    /// <summary>When the exchange ended, in UTC with milliseconds (RFC 3339).</summary>
    Time,

    /// <summary>The same as the logs of web servers have it: <c>29/Nov/2026:04:11:09 +0000</c>, in UTC.</summary>
    TimeLocal,

    /// <summary>Address of the client, behind the trusted proxies.</summary>
    Client,

    /// <summary>Address of the other side of the connection: the client, or the nearest proxy.</summary>
    Peer,

    /// <summary><c>http</c> or <c>https</c>, as the client has asked.</summary>
    Scheme,

    /// <summary>The host that the client has asked for.</summary>
    Host,

    /// <summary>The method.</summary>
    Method,

    /// <summary>The request-target as received.</summary>
    Target,

    /// <summary>The version of HTTP.</summary>
    Protocol,

    /// <summary>Method, target and version, as the request line has them.</summary>
    Request,

    /// <summary>Status of the answer; 0 when no head was sent.</summary>
    Status,

    /// <summary>Bytes of content that were sent.</summary>
    Bytes,

    /// <summary>Those of them that came from the cache.</summary>
    BytesFromCache,

    /// <summary>What the cache did, in the words of X-Cache.</summary>
    Cache,

    /// <summary>Why the answer was not kept, not reused or not sliced, in the words of Cache-Status.</summary>
    CacheReason,

    /// <summary>Slices of the answer that came from the cache.</summary>
    SlicesHit,

    /// <summary>Slices of the answer that came from the origin.</summary>
    SlicesFetched,

    /// <summary>Address of the origin that was asked.</summary>
    Origin,

    /// <summary>Seconds until the origin had answered with a head, its turn and repeats included.</summary>
    OriginTime,

    /// <summary>Seconds from the request head to the head of the answer.</summary>
    FirstByte,

    /// <summary>Seconds from the request head to the last byte of the answer.</summary>
    Duration,

    /// <summary>How the exchange ended.</summary>
    Ending,

    /// <summary>The id of the request.</summary>
    RequestId,

    /// <summary>The Referer field.</summary>
    Referer,

    /// <summary>The User-Agent field.</summary>
    UserAgent,
}
