namespace Slice.Core.Http;

/// <summary>
/// Why a request is refused before anybody acts on it: the closed list. Every one is the client's fault, none is worth a retry, and after
/// each the connection closes, because where the next request would begin is no longer certain. Status, words and RFC section are
/// in <see cref="RequestRejections"/>.
/// </summary>
public enum RequestRejection : byte
{
    /// <summary>The head is acceptable.</summary>
    None,

    /// <summary>More empty lines before the request line than are skipped.</summary>
    TooManyEmptyLines,

    /// <summary>
    /// A line ended by LF alone. A recipient may accept it; whoever disagrees about line ends disagrees about where a request ends.
    /// </summary>
    BareLineFeed,

    /// <summary>CR not followed by LF.</summary>
    BareCarriageReturn,

    /// <summary>NUL or another control character within a line.</summary>
    ControlCharacter,

    /// <summary>Not exactly method, target and version with one space between them.</summary>
    InvalidRequestLine,

    /// <summary>The method is not a token.</summary>
    InvalidMethod,

    /// <summary>The method is longer than any that exists.</summary>
    MethodTooLong,

    /// <summary>The request-target exceeds <see cref="RequestHeadLimits.TargetBytes"/>.</summary>
    TargetTooLong,

    /// <summary>A byte that no request-target contains, a form the method does not allow, or userinfo.</summary>
    InvalidTarget,

    /// <summary>Well-formed, but not HTTP/1: the HTTP/2 preface among others.</summary>
    UnsupportedVersion,

    /// <summary>The head exceeds <see cref="RequestHeadLimits.HeadBytes"/>.</summary>
    HeadTooLarge,

    /// <summary>More field lines than <see cref="RequestHeadLimits.FieldLines"/>.</summary>
    TooManyFields,

    /// <summary>A field line that begins with whitespace.</summary>
    ObsoleteLineFolding,

    /// <summary>No colon, an empty name, or a name that is not a token.</summary>
    InvalidFieldName,

    /// <summary>Whitespace between a field name and its colon.</summary>
    WhitespaceBeforeColon,

    /// <summary>HTTP/1.1 without Host.</summary>
    MissingHost,

    /// <summary>More than one Host.</summary>
    RepeatedHost,

    /// <summary>A Host that is empty or not a host with an optional port.</summary>
    InvalidHost,

    /// <summary>A Content-Length with anything but digits, or beyond 2^63 − 1.</summary>
    InvalidContentLength,

    /// <summary>More than one Content-Length, differing or not, or a list of them.</summary>
    RepeatedContentLength,

    /// <summary>Both framings at once, the beginning of most request smuggling.</summary>
    ContentLengthWithTransferEncoding,

    /// <summary>Transfer-Encoding that does not end in one <c>chunked</c>, so that the end of the body is unknown.</summary>
    InvalidTransferEncoding,

    /// <summary>A transfer coding other than <c>chunked</c> below a final <c>chunked</c>.</summary>
    UnsupportedTransferCoding,

    /// <summary>Transfer-Encoding in an HTTP/1.0 request, whose framing is faulty by definition.</summary>
    TransferEncodingInHttp10,

    /// <summary>Expect with anything but <c>100-continue</c>.</summary>
    UnsupportedExpectation,

    /// <summary>The head did not arrive in time; never returned by the parser, which knows no time.</summary>
    HeadTimedOut,

    /// <summary>Broken chunked framing, reported by <see cref="ChunkedDecoder"/>.</summary>
    InvalidChunkedBody,

    /// <summary>The request body exceeds the configured limit; decided by whoever reads the body.</summary>
    BodyTooLarge,
}
