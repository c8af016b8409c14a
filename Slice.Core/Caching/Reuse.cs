namespace Slice.Core.Caching;

/// <summary>How a stored response may be used for a request (RFC 9111 §4).</summary>
public enum Reuse
{
    /// <summary>As it is.</summary>
    Fresh,

    /// <summary>As it is, although it is no longer fresh: the client said so (max-stale).</summary>
    Stale,

    /// <summary>As it is, while the origin is asked in the background (RFC 5861 §3).</summary>
    StaleWhileRevalidate,

    /// <summary>Only after the origin has confirmed it, because it is no longer fresh or says so itself.</summary>
    AfterValidation,

    /// <summary>Only after the origin has confirmed it, because the client wants that.</summary>
    AfterValidationByRequest,
}
