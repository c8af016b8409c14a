namespace Slice.Core.Caching;

/// <summary>The words for <see cref="CacheDetail"/>. Pure.</summary>
public static class CacheDetails
{
    /// <summary>Longest token in bytes.</summary>
    public const int MaxTokenBytes = 20;

    /// <summary>The token in Cache-Status (RFC 8941 §3.3.4) and in log lines; empty for <see cref="CacheDetail.None"/>.</summary>
    public static ReadOnlySpan<byte> Token(this CacheDetail detail) => detail switch
    {
        CacheDetail.CacheOff => "cache-off"u8,
        CacheDetail.RequestNoStore => "request-no-store"u8,
        CacheDetail.NoStore => "no-store"u8,
        CacheDetail.Private => "private"u8,
        CacheDetail.SetCookie => "set-cookie"u8,
        CacheDetail.NoLifetime => "no-lifetime"u8,
        CacheDetail.OwnFields => "own-fields"u8,
        CacheDetail.Refused => "refused"u8,
        CacheDetail.StaleOnArrival => "stale-on-arrival"u8,
        CacheDetail.Vary => "vary"u8,
        CacheDetail.StaleKept => "stale-kept"u8,
        CacheDetail.TooLarge => "too-large"u8,
        CacheDetail.UnmarkedEnd => "unmarked-end"u8,
        CacheDetail.EventStream => "event-stream"u8,
        CacheDetail.UnknownLength => "unknown-length"u8,
        CacheDetail.PartOfWhole => "part-of-whole"u8,
        CacheDetail.StoreTakesNothing => "store-takes-nothing"u8,
        CacheDetail.RequestBody => "request-body"u8,
        CacheDetail.UnslicedOff => "unsliced-off"u8,
        CacheDetail.UnslicedRange => "unsliced-range"u8,
        CacheDetail.UncacheableLately => "uncacheable-lately"u8,
        CacheDetail.LengthUnknown => "length-unknown"u8,
        CacheDetail.Unsliceable => "unsliceable"u8,
        CacheDetail.RangeRefused => "range-refused"u8,
        CacheDetail.Unusable => "unusable"u8,
        CacheDetail.NotSlicedLately => "not-sliced-lately"u8,
        CacheDetail.Contradiction => "contradiction"u8,
        CacheDetail.Bypass => "bypass"u8,
        CacheDetail.SignedRequest => "signed"u8,
        CacheDetail.Upgrade => "upgrade"u8,
        CacheDetail.Expired => "expired"u8,
        CacheDetail.NoCache => "no-cache"u8,
        CacheDetail.Purged => "purged"u8,
        CacheDetail.RequestNoCache => "request-no-cache"u8,
        CacheDetail.RequestMaxAge => "request-max-age"u8,
        CacheDetail.RequestMinFresh => "request-min-fresh"u8,
        CacheDetail.ForStrangers => "for-strangers"u8,
        CacheDetail.WeakValidator => "weak-validator"u8,
        CacheDetail.Incomplete => "incomplete"u8,
        CacheDetail.OriginFailed => "origin-failed"u8,
        CacheDetail.Shared => "shared"u8,
        _ => default,
    };
}
