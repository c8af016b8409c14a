namespace Slice.Core.Caching;

/// <summary>What a request says about sharing its answer.</summary>
public enum RequestSharing
{
    /// <summary>Nothing against it.</summary>
    Allowed,

    /// <summary>It has Authorization: only if the response says so (RFC 9111 §3.5).</summary>
    Authorized,

    /// <summary>It has Cookie: a whole answer only if it says itself how long it is fresh.</summary>
    Personal,

    /// <summary>It says no-store (RFC 9111 §5.2.1.5).</summary>
    Forbidden,
}
