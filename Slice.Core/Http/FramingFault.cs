namespace Slice.Core.Http;

/// <summary>What <see cref="MessageFraming"/> finds wrong with the framing of a message; each direction has its own words for it.</summary>
internal enum FramingFault : byte
{
    /// <summary>The framing says one thing.</summary>
    None,

    /// <summary>A Content-Length with anything but digits, or beyond 2^63 − 1.</summary>
    InvalidContentLength,

    /// <summary>Content-Lengths that differ, by lines or within a list, in as little as a leading zero.</summary>
    DifferingContentLengths,

    /// <summary>The same valid Content-Length more than once: a recipient may refuse it or take it as one (RFC 9112 §6.3).</summary>
    RepeatedContentLength,

    /// <summary>Both framings at once.</summary>
    ContentLengthWithTransferEncoding,

    /// <summary>Transfer-Encoding that does not end in one <c>chunked</c>.</summary>
    InvalidTransferEncoding,

    /// <summary>A transfer coding other than <c>chunked</c> below a final <c>chunked</c>.</summary>
    UnsupportedTransferCoding,

    /// <summary>Transfer-Encoding in a message of HTTP/1.0.</summary>
    TransferEncodingInHttp10,
}
