namespace Slice.Core.Caching;

/// <summary>
/// Why an answer is not kept, why what is stored is not reused, or why a request is not sliced: the closed list. Clients and operators read
/// the reason as <c>detail</c> in Cache-Status (RFC 9211 §2.8) and in the record of the exchange. Where several hold, the first in the way
/// of the answer is told.
/// </summary>
public enum CacheDetail : byte
{
    /// <summary>Nothing stands in the way, or <c>fwd</c> says all there is to say.</summary>
    None,

    // The answer is not kept.

    /// <summary><c>enable_cache</c> is off.</summary>
    CacheOff,

    /// <summary>The client says no-store (RFC 9111 §5.2.1.5).</summary>
    RequestNoStore,

    /// <summary>The response says no-store, or must-understand with a status that we do not know (RFC 9111 §5.2.2.5, §5.2.2.3).</summary>
    NoStore,

    /// <summary>The response says private (RFC 9111 §5.2.2.7).</summary>
    Private,

    /// <summary>The response sets a cookie, and <c>cache_set_cookie</c> is off.</summary>
    SetCookie,

    /// <summary>
    /// Neither the response nor the operator gives a lifetime to this path and status, and the answer does not look like a file (B27).
    /// </summary>
    NoLifetime,

    /// <summary>
    /// The request went out with fields of the client's own (credentials, a cookie, a key), and the answer does not say that others may
    /// have it (RFC 9111 §3.5). Also an error or a redirect to a request with Referer or Origin, which may be about those.
    /// </summary>
    OwnFields,

    /// <summary>The origin refused a request for a part of the object, and may not refuse the next one's.</summary>
    Refused,

    /// <summary>The response is stale when received and has no validator: of no use to a second client.</summary>
    StaleOnArrival,

    /// <summary>The response varies by <c>*</c>, by who the client is, or by more than is looked at.</summary>
    Vary,

    /// <summary>
    /// The answer would displace what is stored and must not: a server error what stands in for the failing origin (RFC 5861 §4), an error
    /// about one request the object, a redirect what is still fresh (B52).
    /// </summary>
    StaleKept,

    /// <summary>One body that is larger than half of the store.</summary>
    TooLarge,

    /// <summary>The body ends with the connection, so nobody can tell a whole one from one that was cut (RFC 9112 §8).</summary>
    UnmarkedEnd,

    /// <summary>An event stream has no end that anybody waits for.</summary>
    EventStream,

    /// <summary>The length shows only at the end: kept when the body turns out to be whole, which cannot be promised.</summary>
    UnknownLength,

    /// <summary>
    /// A range of an object that the origin gives as a whole only, without a strong validator: the range stays only if the rest is fetched,
    /// too.
    /// </summary>
    PartOfWhole,

    /// <summary>The store has no room that could be freed, or the disk refuses writes.</summary>
    StoreTakesNothing,

    // The request is not sliced, or not looked up.

    /// <summary>The request has a body.</summary>
    RequestBody,

    /// <summary>The path is not sliced, and <c>cache_unsliced</c> is off.</summary>
    UnslicedOff,

    /// <summary>A range outside the sliced paths.</summary>
    UnslicedRange,

    /// <summary>The last answers for the key were for one client each: this one is asked with the client's own conditions.</summary>
    UncacheableLately,

    /// <summary>The origin does not know the length (<c>bytes a-b/*</c>).</summary>
    LengthUnknown,

    /// <summary>The object is empty, or has more slices than an object may have.</summary>
    Unsliceable,

    /// <summary>The origin refuses the range of our request and does not say why in a way that could be used.</summary>
    RangeRefused,

    /// <summary>The origin's answer to a request of ours is of no use, and the client's own request goes out (B59).</summary>
    Unusable,

    /// <summary>Answers of the origin to ranges of ours were of no use lately, of this object or of several in its directory.</summary>
    NotSlicedLately,

    /// <summary>The origin confirms a version and names another, or another Vary: what is stored is not believed any more.</summary>
    Contradiction,

    /// <summary>A rule of the operator's lets the path pass through (<c>cache_rules</c>).</summary>
    Bypass,

    /// <summary>A signature of the request covers a field that requests of ours set or leave out (B66).</summary>
    SignedRequest,

    /// <summary>The request asks for another protocol.</summary>
    Upgrade,

    // What is stored is not reused.

    /// <summary>The freshness lifetime is over.</summary>
    Expired,

    /// <summary>The response says no-cache (RFC 9111 §5.2.2.4).</summary>
    NoCache,

    /// <summary>A soft PURGE wants it validated.</summary>
    Purged,

    /// <summary>The client says no-cache (RFC 9111 §5.2.1.4).</summary>
    RequestNoCache,

    /// <summary>Older than the client's max-age (RFC 9111 §5.2.1.1).</summary>
    RequestMaxAge,

    /// <summary>Not fresh for as long as the client's min-fresh asks (RFC 9111 §5.2.1.3).</summary>
    RequestMinFresh,

    /// <summary>
    /// Strangers got what is stored, and the request says more about its client than a stranger would: an error or a redirect without a
    /// lifetime of its own, or a page that does not say that it is for everybody.
    /// </summary>
    ForStrangers,

    /// <summary>Slices of different times must not be joined on the strength of the validator (<c>validator</c>).</summary>
    WeakValidator,

    /// <summary>Slices of an object that can only be had as a whole are not in the store, or not any more.</summary>
    Incomplete,

    /// <summary>The origin fails and something stale stands in (RFC 5861 §4).</summary>
    OriginFailed,

    // The origin was not asked.

    /// <summary>The object, or that it is still good, was known to the cache that several instances share.</summary>
    Shared,
}
