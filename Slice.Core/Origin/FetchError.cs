namespace Slice.Core.Origin;

/// <summary>
/// Everything that can go wrong between us and the bytes of a slice: a closed list. Names follow the proxy error types of
/// RFC 9209 §2.3 where there is one. <see cref="FetchErrors"/> says of each whose fault it is, whether another try may help, and
/// which status a client gets while none has been sent.
/// </summary>
public enum FetchError
{
    /// <summary>No error.</summary>
    None,

    /// <summary>The origin's name has no address.</summary>
    DnsError,

    /// <summary>No connection: refused, unreachable.</summary>
    ConnectionRefused,

    /// <summary>No connection within <c>timeouts.connect</c>.</summary>
    ConnectionTimeout,

    /// <summary>The origin's certificate is not to be trusted: another name, another authority, another time.</summary>
    TlsCertificateError,

    /// <summary>No TLS with the origin for another reason: no TLS at all, no common version, an alert.</summary>
    TlsProtocolError,

    /// <summary>The connection broke before the response head was complete.</summary>
    ConnectionTerminated,

    /// <summary>No response head within <c>timeouts.first_byte</c>, or no whole slice within <c>timeouts.subrequest_total</c>.</summary>
    HttpResponseTimeout,

    /// <summary>The body ended early or fell silent for <c>timeouts.between_bytes</c>.</summary>
    HttpResponseIncomplete,

    /// <summary>What came back is no valid HTTP, or its head is too large.</summary>
    HttpProtocolError,

    /// <summary>A status 500, 502, 503 or 504 in answer to a subrequest.</summary>
    OriginServerError,

    /// <summary>Another status that gives no bytes of the object: 404 in the middle of it.</summary>
    UnexpectedStatus,

    /// <summary>
    /// The origin refuses this request, and perhaps not the next: a redirect, 401, 403 or another fault that it finds with who asks or how.
    /// </summary>
    OriginRefused,

    /// <summary>A 206 that is not the part that was asked for, or says nothing usable about which part it is.</summary>
    UnusablePartialResponse,

    /// <summary>A 200 with the whole object, of the right version, in answer to a range inside it.</summary>
    RangeIgnored,

    /// <summary>The object changed while it was being fetched.</summary>
    ObjectChanged,

    /// <summary>No turn at the origin within <c>timeouts.origin_queue</c>.</summary>
    OriginQueueTimeout,

    /// <summary>The store has no room that could be freed; the caller serves without storing.</summary>
    StoreFull,

    /// <summary>The store could not be written; the caller serves without storing.</summary>
    StoreWriteError,

    /// <summary>Nobody waited for it any more while it was queued.</summary>
    Abandoned,

    /// <summary>
    /// The slice has left the store, and the origin gives the object as a whole only: the caller reads on from the origin.
    /// </summary>
    SliceGone,

    /// <summary>This process has no file descriptor left for a connection to the origin.</summary>
    DescriptorsExhausted,

    /// <summary>The process is ending.</summary>
    ShuttingDown,

    /// <summary>A fault in our own code; the detail has the exception.</summary>
    ProxyInternalError,
}
