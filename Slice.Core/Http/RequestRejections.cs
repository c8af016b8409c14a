namespace Slice.Core.Http;

/// <summary>What a client is told about each <see cref="RequestRejection"/>.</summary>
public static class RequestRejections
{
    // In the order of the enum; a test compares the lengths.
    private static readonly Entry[] s_entries =
    [
        new(0, "", ""), // None
        new(400, "Empty lines before the request line", "RFC 9112 §2.2"), // TooManyEmptyLines
        new(400, "Line ended without CR", "RFC 9112 §2.2"), // BareLineFeed
        new(400, "CR without LF", "RFC 9112 §2.2"), // BareCarriageReturn
        new(400, "Control character in the head", "RFC 9110 §5.5"), // ControlCharacter
        new(400, "Malformed request line", "RFC 9112 §3"), // InvalidRequestLine
        new(400, "Invalid method", "RFC 9110 §5.6.2"), // InvalidMethod
        new(501, "Method too long", "RFC 9112 §3"), // MethodTooLong
        new(414, "Request-target too long", "RFC 9112 §3"), // TargetTooLong
        new(400, "Invalid request-target", "RFC 9112 §3.2"), // InvalidTarget
        new(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here", "RFC 9110 §15.6.6"), // UnsupportedVersion
        new(431, "Request head too large", "RFC 6585 §5"), // HeadTooLarge
        new(431, "Too many field lines", "RFC 6585 §5"), // TooManyFields
        new(400, "Folded field line", "RFC 9112 §5.2"), // ObsoleteLineFolding
        new(400, "Invalid field name", "RFC 9112 §5"), // InvalidFieldName
        new(400, "Whitespace before the colon", "RFC 9112 §5.1"), // WhitespaceBeforeColon
        new(400, "Host is missing", "RFC 9112 §3.2"), // MissingHost
        new(400, "More than one Host", "RFC 9112 §3.2"), // RepeatedHost
        new(400, "Invalid Host", "RFC 9112 §3.2"), // InvalidHost
        new(400, "Invalid Content-Length", "RFC 9110 §8.6"), // InvalidContentLength
        new(400, "More than one Content-Length", "RFC 9112 §6.3"), // RepeatedContentLength
        new(400, "Content-Length with Transfer-Encoding", "RFC 9112 §6.1"), // ContentLengthWithTransferEncoding
        new(400, "Body without a known end", "RFC 9112 §6.3"), // InvalidTransferEncoding
        new(501, "Unsupported transfer coding", "RFC 9112 §6.1"), // UnsupportedTransferCoding
        new(400, "Transfer-Encoding in HTTP/1.0", "RFC 9112 §6.1"), // TransferEncodingInHttp10
        new(417, "Unsupported expectation", "RFC 9110 §10.1.1"), // UnsupportedExpectation
        new(408, "Request head not received in time", "RFC 9110 §15.5.9"), // HeadTimedOut
        new(400, "Malformed chunked body", "RFC 9112 §7.1"), // InvalidChunkedBody
        new(413, "Request body too large", "RFC 9110 §15.5.14"), // BodyTooLarge
    ];

    /// <summary>Number of entries, for the test that the table and the enum agree.</summary>
    internal static int Count => s_entries.Length;

    /// <summary>The status code of the answer; 0 for <see cref="RequestRejection.None"/>.</summary>
    public static int GetStatus(this RequestRejection rejection) => s_entries[(int)rejection].Status;

    /// <summary>One phrase for the body of the answer and for the log; it never repeats what the client sent.</summary>
    public static string GetReason(this RequestRejection rejection) => s_entries[(int)rejection].Reason;

    /// <summary>The RFC and section that the request breaks.</summary>
    public static string GetSection(this RequestRejection rejection) => s_entries[(int)rejection].Section;

    private readonly record struct Entry(int Status, string Reason, string Section);
}
