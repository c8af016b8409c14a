namespace Slice.Net.Exchange;

/// <summary>As whom subrequests on behalf of a client ask the origin (B50).</summary>
internal enum AskingAs
{
    /// <summary>As anybody: with the fields of the list, for the target in normal form. All may get the answer.</summary>
    Stranger,

    /// <summary>
    /// As a stranger with the client's credentials, Authorization and Cookie, and nothing else of its own. The answer is the client's,
    /// unless the origin says that others may have it (RFC 9111 §3.5): nothing that no key tells apart has made it.
    /// </summary>
    Known,

    /// <summary>As the client itself, with every end-to-end field, host and target as it spells them. The answer is the client's.</summary>
    Itself,
}
