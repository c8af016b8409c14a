using System.Text.RegularExpressions;
using Slice.Core.Http;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// One class of request heads about which our parser and Kestrel's disagree. The classes are listed, with what decides each, in
/// docs/testing.md.
/// </summary>
/// <param name="Name">As in the document.</param>
/// <param name="Example">A head of the class.</param>
/// <param name="Contains">Whether a difference is of the class: the head, and our verdict on it. Kestrel says the opposite.</param>
internal sealed partial record KestrelDifference(string Name, string Example, Func<string, RequestRejection, bool> Contains)
{
    /// <summary>Every class.</summary>
    public static IReadOnlyList<KestrelDifference> All { get; } =
    [
        Stricter("bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", RequestRejection.BareLineFeed),
        Stricter("CR without LF", "GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.BareCarriageReturn),
        Stricter("control characters", "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", RequestRejection.ControlCharacter),
        new("not one space before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
            (head, rejection) => rejection == RequestRejection.InvalidRequestLine && NotOneSpaceBeforeVersion().IsMatch(head)),
        Stricter("request-target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.InvalidTarget),
        Stricter("length of the method", new string('M', 33) + " / HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.MethodTooLong),
        Stricter("field names", "GET / HTTP/1.1\r\nHost: a\r\nX(): b\r\n\r\n", RequestRejection.InvalidFieldName),
        Stricter("no Host", "GET / HTTP/1.1\r\n\r\n", RequestRejection.MissingHost),
        Stricter("several Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", RequestRejection.RepeatedHost),
        Stricter("value of Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", RequestRejection.InvalidHost),
        Stricter(
            "value of Content-Length", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", RequestRejection.InvalidContentLength),
        Stricter(
            "several Content-Lengths", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", RequestRejection.RepeatedContentLength),
        Stricter("both framings", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            RequestRejection.ContentLengthWithTransferEncoding),
        Stricter("coding that does not end in chunked", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
            RequestRejection.InvalidTransferEncoding),
        Stricter(
            "coding below chunked",
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            RequestRejection.UnsupportedTransferCoding),
        Stricter(
            "Transfer-Encoding in HTTP/1.0",
            "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            RequestRejection.TransferEncodingInHttp10),
        Stricter("expectations", "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", RequestRejection.UnsupportedExpectation),
        new("later minor versions", "GET / HTTP/1.9\r\nHost: a\r\n\r\n",
            (head, rejection) => rejection == RequestRejection.None && LaterMinorVersion().IsMatch(head)),
    ];

    private static KestrelDifference Stricter(string name, string example, RequestRejection ours) =>
        new(name, example, (_, rejection) => rejection == ours);

    // Kestrel finds the target by the first two spaces and the version by the end of the line, and does not look between.
    [GeneratedRegex(@"\A(?![^ \n]+ [^ \n]+ HTTP/1\.[01]\r\n)[^ \n]+ [^ \n].*HTTP/1\.[01]\r\n")]
    private static partial Regex NotOneSpaceBeforeVersion();

    [GeneratedRegex(@"\A[^ \n]+ [^ \n]+ HTTP/1\.[2-9]\r\n")]
    private static partial Regex LaterMinorVersion();
}
