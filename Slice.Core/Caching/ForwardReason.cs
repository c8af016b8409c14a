namespace Slice.Core.Caching;

/// <summary>Why a request went to the origin (RFC 9211 §2.2).</summary>
public enum ForwardReason : byte
{
    /// <summary>It did not: a hit.</summary>
    None,

    /// <summary>Nothing of this kind is cached.</summary>
    Bypass,

    /// <summary>Its method is not cached.</summary>
    Method,

    /// <summary>Nothing was stored under the key.</summary>
    UriMiss,

    /// <summary>What was stored answers other requests (Vary).</summary>
    VaryMiss,

    /// <summary>What was stored could not be used.</summary>
    Miss,

    /// <summary>The client's Cache-Control demanded it.</summary>
    Request,

    /// <summary>What was stored was no longer fresh.</summary>
    Stale,

    /// <summary>Only a part of it was stored.</summary>
    Partial,
}
