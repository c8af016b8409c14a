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

    /// <summary>Another status that gives no bytes of the object: 404 in the middle of it, a redirect.</summary>
    UnexpectedStatus,

    /// <summary>A 206 that is not the part that was asked for, or says nothing usable about which part it is.</summary>
    UnusablePartialResponse,

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

    /// <summary>The slice has left the store, and the origin gives the object as a whole only: the caller reads on from the origin.</summary>
    SliceGone,

    /// <summary>The process is ending.</summary>
    ShuttingDown,

    /// <summary>A fault in our own code; the detail has the exception.</summary>
    ProxyInternalError,
}

/// <summary>Whose fault an error is; decides the severity of its log line.</summary>
public enum FetchErrorSide
{
    /// <summary>The origin's: logged as a warning.</summary>
    Origin,

    /// <summary>Ours: logged as an error.</summary>
    Us,
}

/// <summary>What is to be done about each <see cref="FetchError"/>.</summary>
public static class FetchErrors
{
    /// <summary>Whose fault it is.</summary>
    public static FetchErrorSide Side(this FetchError error) => error switch
    {
        FetchError.StoreFull or FetchError.StoreWriteError or FetchError.Abandoned or FetchError.SliceGone or FetchError.ShuttingDown
            or FetchError.ProxyInternalError => FetchErrorSide.Us,
        _ => FetchErrorSide.Origin,
    };

    /// <summary>Whether the same request may succeed when repeated.</summary>
    public static bool IsRetryable(this FetchError error) => error switch
    {
        FetchError.DnsError or FetchError.ConnectionRefused or FetchError.ConnectionTimeout or FetchError.ConnectionTerminated or FetchError.TlsProtocolError
            or FetchError.HttpResponseTimeout or FetchError.HttpResponseIncomplete or FetchError.OriginServerError => true,
        _ => false,
    };

    /// <summary>
    /// Status for the client when no head has been sent: 504 for waits that ran out, 503 for our own limits, 500 for our own faults,
    /// else 502.
    /// </summary>
    public static int Status(this FetchError error) => error switch
    {
        FetchError.ConnectionTimeout or FetchError.HttpResponseTimeout => 504,
        FetchError.OriginQueueTimeout or FetchError.ShuttingDown or FetchError.Abandoned => 503,
        FetchError.ProxyInternalError => 500,
        _ => 502,
    };

    /// <summary>The token for logs and the <c>reason</c> label of metrics, after RFC 9209 §2.3.</summary>
    public static string Token(this FetchError error) => error switch
    {
        FetchError.None => "none",
        FetchError.DnsError => "dns_error",
        FetchError.ConnectionRefused => "connection_refused",
        FetchError.ConnectionTimeout => "connection_timeout",
        FetchError.TlsCertificateError => "tls_certificate_error",
        FetchError.TlsProtocolError => "tls_protocol_error",
        FetchError.ConnectionTerminated => "connection_terminated",
        FetchError.HttpResponseTimeout => "http_response_timeout",
        FetchError.HttpResponseIncomplete => "http_response_incomplete",
        FetchError.HttpProtocolError => "http_protocol_error",
        FetchError.OriginServerError => "origin_server_error",
        FetchError.UnexpectedStatus => "unexpected_status",
        FetchError.UnusablePartialResponse => "unusable_partial_response",
        FetchError.ObjectChanged => "object_changed",
        FetchError.OriginQueueTimeout => "origin_queue_timeout",
        FetchError.StoreFull => "store_full",
        FetchError.StoreWriteError => "store_write_error",
        FetchError.Abandoned => "abandoned",
        FetchError.SliceGone => "slice_gone",
        FetchError.ShuttingDown => "shutting_down",
        FetchError.ProxyInternalError => "proxy_internal_error",
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "Not a FetchError."),
    };
}
