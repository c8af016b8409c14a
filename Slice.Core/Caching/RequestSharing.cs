namespace Slice.Core.Caching;

/// <summary>What a request says about sharing its answer.</summary>
public enum RequestSharing
{
    /// <summary>Nothing against it.</summary>
    Allowed,

    /// <summary>It went out with the client's own fields: only if the response says so (RFC 9111 §3.5).</summary>
    Own,

    /// <summary>It says no-store (RFC 9111 §5.2.1.5).</summary>
    Forbidden,
}
