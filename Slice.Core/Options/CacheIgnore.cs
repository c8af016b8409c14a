namespace Slice.Core.Options;

/// <summary>What of an answer a <see cref="CacheRule"/> takes for absent.</summary>
[Flags]
public enum CacheIgnore
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary><c>no-store</c> (RFC 9111 §5.2.2.5), and the <c>must-understand</c> that refers to it.</summary>
    NoStore = 1,

    /// <summary><c>private</c> (RFC 9111 §5.2.2.7).</summary>
    Private = 2,

    /// <summary><c>no-cache</c> (RFC 9111 §5.2.2.4).</summary>
    NoCache = 4,

    /// <summary><c>Set-Cookie</c>: the answer is kept without the field, which then nobody gets.</summary>
    SetCookie = 8,
}
