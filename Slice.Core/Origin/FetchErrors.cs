namespace Slice.Core.Origin;

/// <summary>What is to be done about each <see cref="FetchError"/>.</summary>
public static class FetchErrors
{
    /// <summary>Whose fault it is.</summary>
    public static FetchErrorSide Side(this FetchError error) => error switch
    {
        FetchError.StoreFull or FetchError.StoreWriteError or FetchError.Abandoned or FetchError.SliceGone or FetchError.ShuttingDown
            or FetchError.DescriptorsExhausted or FetchError.ProxyInternalError => FetchErrorSide.Us,
        _ => FetchErrorSide.Origin,
    };

    /// <summary>Whether the same request may succeed when repeated.</summary>
    public static bool IsRetryable(this FetchError error) => error switch
    {
        FetchError.DnsError or FetchError.ConnectionRefused or FetchError.ConnectionTimeout or FetchError.ConnectionTerminated
            or FetchError.TlsProtocolError or FetchError.HttpResponseTimeout or FetchError.HttpResponseIncomplete
            or FetchError.OriginServerError or FetchError.DescriptorsExhausted => true,
        _ => false,
    };

    /// <summary>
    /// Whether the origin has answered, and with something else than what it has said of the object before, or with what is no HTTP.
    /// </summary>
    public static bool IsOddAnswer(this FetchError error) => error is FetchError.OriginRefused or FetchError.UnusablePartialResponse
        or FetchError.UnexpectedStatus or FetchError.RangeIgnored or FetchError.ObjectChanged or FetchError.HttpProtocolError;

    /// <summary>
    /// Whether the failure may depend on who asked, or how, so that others must not suffer from it (B51): the origin refused one request,
    /// or ended the connection on it.
    /// </summary>
    public static bool DependsOnWhoAsks(this FetchError error) => error is FetchError.OriginRefused or FetchError.ConnectionTerminated
        or FetchError.HttpProtocolError or FetchError.HttpResponseIncomplete or FetchError.UnusablePartialResponse;

    /// <summary>
    /// The same of a status: any that redirects, or finds fault with the request, but for those that tell of the object itself (404, 410,
    /// 412, 416).
    /// </summary>
    public static bool DependsOnWhoAsks(int status) => status is >= 300 and < 500 and not (304 or 404 or 410 or 412 or 416);

    /// <summary>
    /// Whether the failure may be of how we ask, by range and with the version pinned, so that the client's own request may fare better
    /// (B59): the origin has answered in a way that is of no use, has ended the connection, or says nothing. For failures before the first
    /// byte of a body has gone to the client.
    /// </summary>
    public static bool MayBeOfOurRequest(this FetchError error) => error is FetchError.OriginRefused or FetchError.ConnectionTerminated
        or FetchError.HttpProtocolError or FetchError.UnusablePartialResponse or FetchError.UnexpectedStatus or FetchError.ObjectChanged
        or FetchError.RangeIgnored or FetchError.HttpResponseIncomplete or FetchError.HttpResponseTimeout;

    /// <summary>
    /// Whether the failure of a part, in the middle of an object, tells nothing of the object: the whole may be had all the same (B59).
    /// </summary>
    public static bool LeavesTheWhole(this FetchError error) => error is FetchError.OriginRefused or FetchError.UnusablePartialResponse
        or FetchError.HttpProtocolError or FetchError.ConnectionTerminated;

    /// <summary>
    /// Whether the final failure of a part is no proof that the object is gone, or has other bytes: no validator says so, only a status, or
    /// none does. The origin's answer to a request for the whole tells.
    /// </summary>
    public static bool MayBeOfThePart(Failure failure) => failure.Error.LeavesTheWhole()
        || failure.Error == FetchError.UnexpectedStatus
        || (failure.Error == FetchError.ObjectChanged && failure.Status is 412 or 416);

    /// <summary>
    /// Whether a try that named the version has failed in a way that some origins and gateways have of refusing that, other than by a
    /// status that says so: they reset the connection, say nothing, or fail (500, 502).
    /// </summary>
    public static bool MayBeOfThePin(Failure failure) =>
        failure.Error is FetchError.ConnectionTerminated or FetchError.HttpResponseTimeout || failure.Status is 500 or 502;

    /// <summary>
    /// The same of a status in answer to a range: it finds fault with the request, and not with who asks (401, 407), nor does it tell of
    /// the object (404, 410, 416, 451) or of the moment (408, 421, 425, 429). 501 and 505 find fault with the request too.
    /// </summary>
    public static bool MayBeOfOurRequest(int status) =>
        status is 501 or 505 or (>= 400 and < 500 and not (401 or 404 or 407 or 408 or 410 or 416 or 421 or 425 or 429 or 451));

    /// <summary>
    /// Status for the client when no head has been sent: 504 for waits that ran out, 503 for our own limits, 500 for our own faults,
    /// else 502.
    /// </summary>
    public static int Status(this FetchError error) => error switch
    {
        FetchError.ConnectionTimeout or FetchError.HttpResponseTimeout => 504,
        FetchError.OriginQueueTimeout or FetchError.DescriptorsExhausted or FetchError.ShuttingDown or FetchError.Abandoned => 503,
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
        FetchError.OriginRefused => "origin_refused",
        FetchError.UnusablePartialResponse => "unusable_partial_response",
        FetchError.RangeIgnored => "range_ignored",
        FetchError.ObjectChanged => "object_changed",
        FetchError.OriginQueueTimeout => "origin_queue_timeout",
        FetchError.StoreFull => "store_full",
        FetchError.StoreWriteError => "store_write_error",
        FetchError.Abandoned => "abandoned",
        FetchError.SliceGone => "slice_gone",
        FetchError.DescriptorsExhausted => "descriptors_exhausted",
        FetchError.ShuttingDown => "shutting_down",
        FetchError.ProxyInternalError => "proxy_internal_error",
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "Not a FetchError."),
    };
}
