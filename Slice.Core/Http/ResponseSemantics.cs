namespace Slice.Core.Http;

/// <summary>What the fields of a response head say together.</summary>
internal static class ResponseSemantics
{
    /// <summary>Judges a head whose lines are all parsed, and fills in what is derived from them.</summary>
    public static ResponseFault Derive(ResponseHead head)
    {
        FramingFault framing = MessageFraming.Derive(head);

        // Transfer-Encoding overrides Content-Length (RFC 9112 §6.3), as curl, browsers and SocketsHttpHandler have it. Such servers exist,
        // and what we pass on is framed anew; but where they begin their next response is uncertain.
        bool hasBoth = framing == FramingFault.ContentLengthWithTransferEncoding;
        ResponseFault fault = (hasBoth ? MessageFraming.DeriveCoding(head) : framing) switch
        {
            // RFC 9112 §6.3 lets a recipient take equal lengths as one, and servers behind a careless gateway do state them twice.
            FramingFault.None or FramingFault.RepeatedContentLength => ResponseFault.None,
            FramingFault.InvalidContentLength => ResponseFault.InvalidContentLength,
            FramingFault.DifferingContentLengths => ResponseFault.DifferingContentLengths,
            FramingFault.UnsupportedTransferCoding => ResponseFault.UnsupportedTransferCoding,
            FramingFault.TransferEncodingInHttp10 => ResponseFault.TransferEncodingInHttp10,
            _ => ResponseFault.InvalidTransferEncoding,
        };

        // A 204 must not announce a body (RFC 9110 §8.6). An origin that does may send one: what comes next on the connection is uncertain.
        bool announcesNone = head.Status != 204 || (!head.IsChunked && head.ContentLength <= 0);
        head.SetKeepAlive(announcesNone && !hasBoth && MessageFraming.IsPersistent(head));
        return fault;
    }
}
