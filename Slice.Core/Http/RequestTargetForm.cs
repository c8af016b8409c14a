namespace Slice.Core.Http;

/// <summary>The four forms of a request-target (RFC 9112 §3.2).</summary>
public enum RequestTargetForm : byte
{
    /// <summary><c>/path?query</c>, RFC 9112 §3.2.1.</summary>
    Origin,

    /// <summary><c>http://authority/path?query</c>, RFC 9112 §3.2.2.</summary>
    Absolute,

    /// <summary><c>host:port</c>, only with CONNECT, RFC 9112 §3.2.3.</summary>
    Authority,

    /// <summary><c>*</c>, only with OPTIONS, RFC 9112 §3.2.4.</summary>
    Asterisk,
}
