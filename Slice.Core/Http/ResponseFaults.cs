namespace Slice.Core.Http;

/// <summary>What the log says about each <see cref="ResponseFault"/>.</summary>
public static class ResponseFaults
{
    // In the order of the enum; a test compares the lengths.
    private static readonly Entry[] s_entries =
    [
        new("", ""), // None
        new("no status line", "RFC 9112 §4"), // InvalidStatusLine
        new("not HTTP/1", "RFC 9112 §2.3"), // UnsupportedVersion
        new("invalid status code", "RFC 9110 §15"), // InvalidStatusCode
        new("a switch of protocols that was not asked for", "RFC 9110 §7.8"), // UnrequestedUpgrade
        new("control character in the status line or the framing", "RFC 9110 §5.5"), // ControlCharacter
        new("CR without LF in the status line or the framing", "RFC 9112 §2.2"), // BareCarriageReturn
        new("head too large", "RFC 9110 §5.4"), // HeadTooLarge
        new("too many lines in the head", "RFC 9110 §5.4"), // TooManyLines
        new("too many interim responses", "RFC 9110 §15.2"), // TooManyInterimHeads
        new("a line that can be taken for the framing", "RFC 9112 §5.1"), // DisguisedFramingField
        new("folded framing field", "RFC 9112 §5.2"), // FoldedFramingField
        new("second status line within the head", "RFC 9112 §2.1"), // RepeatedStatusLine
        new("invalid Content-Length", "RFC 9110 §8.6"), // InvalidContentLength
        new("differing Content-Lengths", "RFC 9112 §6.3"), // DifferingContentLengths
        new("Transfer-Encoding without a final chunked", "RFC 9112 §6.3"), // InvalidTransferEncoding
        new("unsupported transfer coding", "RFC 9112 §7"), // UnsupportedTransferCoding
        new("Transfer-Encoding in HTTP/1.0", "RFC 9112 §6.1"), // TransferEncodingInHttp10
        new("connection closed within the head", "RFC 9112 §8"), // HeadCutOff
        new("malformed chunked body", "RFC 9112 §7.1"), // InvalidChunkedBody
        new("connection closed within the body", "RFC 9112 §8"), // BodyCutOff
    ];

    /// <summary>Number of entries, for the test that the table and the enum agree.</summary>
    internal static int Count => s_entries.Length;

    /// <summary>One phrase for the log; it never repeats what the origin sent.</summary>
    public static string GetReason(this ResponseFault fault) => s_entries[(int)fault].Reason;

    /// <summary>The RFC and section that the response breaks.</summary>
    public static string GetSection(this ResponseFault fault) => s_entries[(int)fault].Section;

    private readonly record struct Entry(string Reason, string Section);
}
