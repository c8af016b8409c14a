using System.Buffers;
using System.Globalization;
using System.Text;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// Request heads (RFC 9112 §2 to §6): one verdict however they arrive, and nothing accepted that a second reader could take otherwise.
/// </summary>
public sealed class RequestHeadFuzz
{
    // As small as an input, so that inputs meet them.
    private static readonly RequestHeadLimits s_smallLimits = new(TargetBytes: 40, HeadBytes: 200, FieldLines: 5);

    private static readonly RequestHeadLimits s_usualLimits = new();

    /// <summary>Also the inputs of the comparison with another parser.</summary>
    internal static FuzzGrammar Grammar { get; } = new()
    {
        Seeds =
        [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /downloads/debian-13.iso?mirror=2 HTTP/1.1\r\nHost: mirror.example:8080\r\nUser-Agent: curl/8.14.1\r\nAccept: */*\r\n"
                + "Range: bytes=1048576-2097151\r\nIf-Range: \"v1\"\r\nConnection: keep-alive\r\n\r\n",
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.0\r\n\r\n",
            "\r\nPOST /x HTTP/1.1\r\nhOsT:a\r\nContent-Length: \t 5 \t\r\n\r\nhello",
            "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n0\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close, X-A\r\nX-A: b\r\n\r\n",
            "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
            "GET http://b:80/p/../q?r HTTP/1.1\r\nHost: [::1]:80\r\nX-Empty:\r\nX-Obs: \u00e9\tb\r\n\r\n",
            "PUT /%64ownloads/%2e%2e/x%2Fy%zz HTTP/1.0\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
        ],
        Words =
        [
            "\r\n", "\r\n\r\n", "\n", "\r", "\n\n", " ", "\t", "\r\n ", "\r\n\t", "\0", ":", " :", ": ", ",", "GET ", "HEAD ",
            "PRI * HTTP/2.0", "/", "*", "?", "#", "http://", "https://a/", "http://u@a/",
            " HTTP/1.1", " HTTP/1.0", " HTTP/2.0", " HTTP/1.1\r\n", "Host: a", "Host: b\r\n", "Host:",
            "Content-Length: 5", "Content-Length: 5, 5", "Content-Length: +5", "Content-Length:",
            "Transfer-Encoding: chunked", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked, gzip", "Transfer-Encoding:\u000bchunked", "Transfer-Encoding : chunked",
            "Connection: close", "Connection: keep-alive", "Connection: Host", "Connection: Upgrade",
            "Upgrade: websocket", "Connection: Upgrade\r\nUpgrade: websocket",
            "Expect: 100-continue", "Expect: x", "Range: bytes=0-0", "/../", "/./", "%2e", "%2F",
            "%00", "%", "%%34%31", "//", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\u0080", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ],
        Separator = "\r\n",
    };

    [Fact]
    [Trait("Behaviour", "B37")]
    [Trait("Behaviour", "B38")]
    [Trait("Behaviour", "B39")]
    public Task Any_bytes_get_one_verdict_and_accepted_heads_are_unambiguous() => FuzzRun.RunAsync(Grammar, 2_500, Check);

    private static void Check(byte[] input)
    {
        CheckUnder(input, s_usualLimits);
        CheckUnder(input, s_smallLimits);
    }

    private static void CheckUnder(byte[] input, RequestHeadLimits limits)
    {
        List<Verdict> whole = ParseAll(new Arrival(input, [], arrivesAtOnce: true), limits);
        CheckArrivals(input, limits, whole);
        foreach (Verdict verdict in whole)
        {
            if (verdict.Status == RequestHeadStatus.Complete)
            {
                CheckAccepted(verdict, limits);
            }
            else if (verdict.Status == RequestHeadStatus.Rejected)
            {
                Assert.InRange(verdict.Rejection.GetStatus(), 400, 505);
            }
        }

        // Whatever arrives behind a refused head cannot make it good.
        if (whole is [.., { Status: RequestHeadStatus.Rejected }])
        {
            byte[] longer = [.. input, .. "\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"u8];
            List<Verdict> later = ParseAll(new Arrival(longer, [], arrivesAtOnce: true), limits);
            Assert.Equal(whole, later);
        }
    }

    private static void CheckArrivals(byte[] input, RequestHeadLimits limits, List<Verdict> whole)
    {
        int[] everyByte = [.. Enumerable.Range(1, Math.Max(0, input.Length - 1))];
        var random = new FuzzRandom((ulong)input.Length);
        int[] someCuts = [.. everyByte.Where(_ => random.OneIn(20))];
        foreach (int[] cuts in new[] { everyByte, someCuts })
        {
            Assert.Equal(whole, ParseAll(new Arrival(input, cuts, arrivesAtOnce: true), limits));
            Assert.Equal(whole, ParseAll(new Arrival(input, cuts, arrivesAtOnce: false), limits));
        }
    }

    private static void CheckAccepted(Verdict verdict, RequestHeadLimits limits)
    {
        string bytes = verdict.Bytes;
        Assert.True(bytes.Length <= limits.HeadBytes, "the head is longer than allowed");
        Assert.EndsWith("\r\n\r\n", bytes, StringComparison.Ordinal);
        string[] lines = bytes[..^4].Split("\r\n");
        Assert.True(lines.All(line => line.Length > 0), "an empty line within the head");
        Assert.True(lines.Length - 1 <= limits.FieldLines, "more field lines than allowed");
        Assert.True(!bytes.AsSpan().ContainsAny("\0\v\f\u007f"), "a control character");
        Assert.True(bytes.Count('\n') == lines.Length + 1 && bytes.Count('\r') == lines.Length + 1, "CR or LF outside a line's end");
        Assert.True(lines.Skip(1).All(line => line[0] is not (' ' or '\t')), "a folded line");
        string[] parts = lines[0].Split(' ');
        Assert.Equal(3, parts.Length);
        Assert.InRange(parts[1].Length, 1, limits.TargetBytes);
        CheckFields(verdict, lines[1..]);
        CheckTarget(verdict);

        // Written anew from what was understood, and understood the same.
        string again = $"{parts[0]} {parts[1]} {parts[2]}\r\n{verdict.Fields}\r\n";
        Verdict second = Assert.Single(ParseAll(new Arrival(Wire.Bytes(again), [], arrivesAtOnce: true), s_usualLimits));
        Assert.Equal(verdict with { Bytes = again, End = again.Length }, second);
    }

    private static void CheckFields(Verdict verdict, string[] lines)
    {
        string[] hosts = Values(lines, "Host");
        Assert.True(hosts.Length == 1 || (hosts.Length == 0 && verdict.MinorVersion == 0), "not one Host");
        Assert.True(hosts.All(host => host.Length > 0 && !host.AsSpan().ContainsAny(" \t/@")), "a Host that is none");
        string[] lengths = Values(lines, "Content-Length");
        string[] codings = Values(lines, "Transfer-Encoding");
        Assert.True(lengths.Length + codings.Length <= 1, "two framings");
        Assert.Equal(codings.Length == 1, verdict.IsChunked);
        Assert.True(codings.All(coding => coding.Equals("chunked", StringComparison.OrdinalIgnoreCase)), "a coding that is not chunked");
        Assert.Equal(
            lengths.Length == 0 ? -1 : long.Parse(lengths[0], NumberStyles.None, CultureInfo.InvariantCulture), verdict.ContentLength);
    }

    private static void CheckTarget(Verdict verdict)
    {
        byte[] target = Wire.Bytes(verdict.PathAndQuery);
        byte[] normal = new byte[target.Length];
        normal = normal[..NormalizedTarget.Write(target, normal)];
        byte[] again = new byte[normal.Length];
        again = again[..NormalizedTarget.Write(normal, again)];
        Assert.Equal(Wire.Text(normal), Wire.Text(again));
        string path = Wire.Text(normal).Split('?')[0];
        Assert.DoesNotContain(path.Split('/'), segment => segment is "." or ".." && path.StartsWith('/'));
    }

    private static string[] Values(string[] lines, string name) =>
    [
        .. lines.Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            .Select(line => line[(name.Length + 1)..].Trim(' ', '\t')),
    ];

    private static List<Verdict> ParseAll(Arrival arrival, RequestHeadLimits limits)
    {
        var parser = new RequestHeadParser(limits);
        var head = new RequestHead();
        List<Verdict> verdicts = [];
        var last = new Verdict(RequestHeadStatus.Incomplete, RequestRejection.None, 0);
        while (last.Status != RequestHeadStatus.Rejected && arrival.TryRead(out ReadOnlySequence<byte> buffer))
        {
            RequestHeadStatus status = parser.Parse(
                buffer, head, out SequencePosition consumed, out SequencePosition examined, out RequestRejection rejection);
            arrival.AdvanceTo(consumed, examined);
            last = status == RequestHeadStatus.Complete ? Accepted(head, arrival.Consumed) : new Verdict(status, rejection, 0);
            if (status != RequestHeadStatus.Incomplete)
            {
                verdicts.Add(last);
            }
        }

        head.Reset();
        return verdicts;
    }

    private static Verdict Accepted(RequestHead head, int end) => new(RequestHeadStatus.Complete, RequestRejection.None, end)
    {
        Bytes = Wire.Text(head.Bytes),
        Method = head.Method,
        PathAndQuery = Wire.Text(head.PathAndQuery),
        MinorVersion = head.MinorVersion,
        Host = Wire.Text(head.Host),
        ContentLength = head.ContentLength,
        IsChunked = head.IsChunked,
        KeepAlive = head.KeepAlive,
        ExpectsContinue = head.ExpectsContinue,
        Fields = FieldLines(head.Fields),
    };

    private static string FieldLines(FieldTable fields)
    {
        var lines = new StringBuilder();
        for (int index = 0; index < fields.LineCount; index++)
        {
            lines.Append(Wire.Text(fields.NameAt(index))).Append(": ").Append(Wire.Text(fields.ValueAt(index))).Append("\r\n");
        }

        return lines.ToString();
    }

    private sealed record Verdict(RequestHeadStatus Status, RequestRejection Rejection, int End)
    {
        public string Bytes { get; init; } = "";

        public RequestMethod Method { get; init; }

        public string PathAndQuery { get; init; } = "";

        public int MinorVersion { get; init; }

        public string Host { get; init; } = "";

        public long ContentLength { get; init; }

        public bool IsChunked { get; init; }

        public bool KeepAlive { get; init; }

        public bool ExpectsContinue { get; init; }

        public string Fields { get; init; } = "";
    }
}
