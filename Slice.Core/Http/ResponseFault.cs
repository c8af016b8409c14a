namespace Slice.Core.Http;

/// <summary>
/// Why a response of the origin cannot be used: the closed list. Every one is the origin's fault, and after each the connection is closed,
/// because nobody knows where its next response would begin. Words and RFC section are in <see cref="ResponseFaults"/>.
/// </summary>
public enum ResponseFault : byte
{
    /// <summary>The response is acceptable.</summary>
    None,

    /// <summary>No status line at the beginning: another protocol, or bytes left over from an earlier response.</summary>
    InvalidStatusLine,

    /// <summary>Well-formed, but not HTTP/1.</summary>
    UnsupportedVersion,

    /// <summary>A status code that is not three digits, or is below 100.</summary>
    InvalidStatusCode,

    /// <summary>The origin switched to a protocol that it was not asked for; decided by whoever sent the request.</summary>
    UnrequestedUpgrade,

    /// <summary>NUL or another control character in the status line or in a field of the framing.</summary>
    ControlCharacter,

    /// <summary>
    /// CR not followed by LF in the status line or a field of the framing, or where a recipient that ends lines by CR would see the end of
    /// the head.
    /// </summary>
    BareCarriageReturn,

    /// <summary>The head exceeds <see cref="ResponseHeadLimits.HeadBytes"/>.</summary>
    HeadTooLarge,

    /// <summary>More lines than <see cref="ResponseHeadLimits.Lines"/>.</summary>
    TooManyLines,

    /// <summary>More interim heads in a row than <see cref="ResponseHeadLimits.InterimHeads"/>.</summary>
    TooManyInterimHeads,

    /// <summary>
    /// A line that one recipient takes for a field of the framing and another does not: a control character, a space or an underscore
    /// within the name.
    /// </summary>
    DisguisedFramingField,

    /// <summary>A folded line behind a field of the framing.</summary>
    FoldedFramingField,

    /// <summary>A second status line within the head: two heads glued together.</summary>
    RepeatedStatusLine,

    /// <summary>A Content-Length with anything but digits, or beyond 2^63 − 1.</summary>
    InvalidContentLength,

    /// <summary>Content-Lengths that differ.</summary>
    DifferingContentLengths,

    /// <summary>Transfer-Encoding that does not end in one <c>chunked</c>, so that the end of the body is unknown.</summary>
    InvalidTransferEncoding,

    /// <summary>A transfer coding other than <c>chunked</c> below a final <c>chunked</c>; TE has asked for none.</summary>
    UnsupportedTransferCoding,

    /// <summary>Transfer-Encoding in an HTTP/1.0 response, whose framing is faulty by definition.</summary>
    TransferEncodingInHttp10,

    /// <summary>The connection ended within the head; never returned by the parser, which sees no end.</summary>
    HeadCutOff,

    /// <summary>Broken chunked framing, reported by <see cref="ChunkedDecoder"/>.</summary>
    InvalidChunkedBody,

    /// <summary>The connection ended before the body was whole; decided by whoever reads the body.</summary>
    BodyCutOff,
}
