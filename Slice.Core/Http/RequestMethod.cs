namespace Slice.Core.Http;

/// <summary>The request method (RFC 9110 §9). Methods are case-sensitive: <c>get</c> is <see cref="Other"/>.</summary>
public enum RequestMethod : byte
{
    /// <summary>A valid token that is none of the others; it is forwarded as it came.</summary>
    Other,

    /// <summary><c>GET</c>, RFC 9110 §9.3.1.</summary>
    Get,

    /// <summary><c>HEAD</c>, RFC 9110 §9.3.2.</summary>
    Head,

    /// <summary><c>POST</c>, RFC 9110 §9.3.3.</summary>
    Post,

    /// <summary><c>PUT</c>, RFC 9110 §9.3.4.</summary>
    Put,

    /// <summary><c>DELETE</c>, RFC 9110 §9.3.5.</summary>
    Delete,

    /// <summary><c>CONNECT</c>, RFC 9110 §9.3.6; its target is in authority-form.</summary>
    Connect,

    /// <summary><c>OPTIONS</c>, RFC 9110 §9.3.7; the only one with a target in asterisk-form.</summary>
    Options,

    /// <summary><c>TRACE</c>, RFC 9110 §9.3.8.</summary>
    Trace,

    /// <summary><c>PATCH</c>, RFC 5789.</summary>
    Patch,

    /// <summary><c>PURGE</c>, in no RFC: the custom of Squid and Varnish to remove a stored response.</summary>
    Purge,
}
