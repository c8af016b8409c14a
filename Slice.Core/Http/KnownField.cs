namespace Slice.Core.Http;

/// <summary>
/// The request fields that some rule of ours looks at; every other field is <see cref="Other"/> and is only forwarded. A head's
/// <see cref="FieldTable"/> knows the identity of each field line, so that rules never compare names again.
/// There are fewer than 64, so that a set of them fits one word.
/// </summary>
public enum KnownField : byte
{
    /// <summary>Any field without a member of its own.</summary>
    Other,

    /// <summary><c>Host</c>, RFC 9110 §7.2.</summary>
    Host,

    /// <summary><c>Connection</c>, RFC 9110 §7.6.1.</summary>
    Connection,

    /// <summary><c>Content-Length</c>, RFC 9110 §8.6.</summary>
    ContentLength,

    /// <summary><c>Transfer-Encoding</c>, RFC 9112 §6.1.</summary>
    TransferEncoding,

    /// <summary><c>Range</c>, RFC 9110 §14.2.</summary>
    Range,

    /// <summary><c>If-Range</c>, RFC 9110 §13.1.5.</summary>
    IfRange,

    /// <summary><c>If-Match</c>, RFC 9110 §13.1.1.</summary>
    IfMatch,

    /// <summary><c>If-None-Match</c>, RFC 9110 §13.1.2.</summary>
    IfNoneMatch,

    /// <summary><c>If-Modified-Since</c>, RFC 9110 §13.1.3.</summary>
    IfModifiedSince,

    /// <summary><c>If-Unmodified-Since</c>, RFC 9110 §13.1.4.</summary>
    IfUnmodifiedSince,

    /// <summary><c>Authorization</c>, RFC 9110 §11.6.2.</summary>
    Authorization,

    /// <summary><c>Cache-Control</c>, RFC 9111 §5.2.</summary>
    CacheControl,

    /// <summary><c>Pragma</c>, RFC 9111 §5.4.</summary>
    Pragma,

    /// <summary><c>Expect</c>, RFC 9110 §10.1.1.</summary>
    Expect,

    /// <summary><c>Upgrade</c>, RFC 9110 §7.8.</summary>
    Upgrade,

    /// <summary><c>Keep-Alive</c>, RFC 2068 §19.7.1.</summary>
    KeepAlive,

    /// <summary><c>TE</c>, RFC 9110 §10.1.4.</summary>
    Te,

    /// <summary><c>Trailer</c>, RFC 9110 §6.6.2.</summary>
    Trailer,

    /// <summary><c>Proxy-Connection</c>, RFC 9112 appendix C.2.2.</summary>
    ProxyConnection,

    /// <summary><c>Proxy-Authorization</c>, RFC 9110 §11.7.2.</summary>
    ProxyAuthorization,

    /// <summary><c>Cookie</c>, RFC 6265 §5.4.</summary>
    Cookie,

    /// <summary><c>Accept-Encoding</c>, RFC 9110 §12.5.3.</summary>
    AcceptEncoding,

    /// <summary><c>Via</c>, RFC 9110 §7.6.3.</summary>
    Via,

    /// <summary><c>X-Forwarded-For</c>, a custom of Squid; see RFC 7239 §7.4.</summary>
    XForwardedFor,

    /// <summary><c>X-Forwarded-Proto</c>, a custom; see RFC 7239 §7.4.</summary>
    XForwardedProto,

    /// <summary><c>X-Forwarded-Host</c>, a custom; see RFC 7239 §7.4.</summary>
    XForwardedHost,

    /// <summary><c>Forwarded</c>, RFC 7239 §4.</summary>
    Forwarded,

    /// <summary><c>User-Agent</c>, RFC 9110 §10.1.5.</summary>
    UserAgent,

    /// <summary><c>Accept</c>, RFC 9110 §12.5.1.</summary>
    Accept,

    /// <summary><c>Content-Type</c>, RFC 9110 §8.3.</summary>
    ContentType,

    /// <summary><c>X-Purge-Token</c>, ours: the token of a PURGE.</summary>
    XPurgeToken,

    /// <summary><c>X-Purge-Pattern</c>, ours: what a PURGE removes.</summary>
    XPurgePattern,

    /// <summary><c>X-Purge-All</c>, ours: a PURGE of everything.</summary>
    XPurgeAll,

    /// <summary><c>X-Purge-Tag</c>, ours: the tags of what a PURGE removes.</summary>
    XPurgeTag,

    /// <summary><c>X-Purge-Soft</c>, ours: what a PURGE is of becomes stale and stays.</summary>
    XPurgeSoft,

    /// <summary><c>Max-Forwards</c>, RFC 9110 §7.6.2.</summary>
    MaxForwards,

    /// <summary><c>CDN-Loop</c>, RFC 8586.</summary>
    CdnLoop,
}
