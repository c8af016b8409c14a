using System.Buffers;
using System.Globalization;
using System.Text;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// Response heads (RFC 9112 §2 to §6): one verdict however they arrive, and nothing accepted whose framing a second reader could take
/// otherwise.
/// </summary>
public sealed class ResponseHeadFuzz
{
    // As small as an input, so that inputs meet them.
    private static readonly ResponseHeadLimits s_smallLimits = new(HeadBytes: 150, Lines: 5, InterimHeads: 1);

    private static readonly ResponseHeadLimits s_usualLimits = new();

    private static readonly SearchValues<char> s_controls = SearchValues.Create("\r\n\0\v\f\u001b\u007f");

    private static readonly FuzzGrammar s_grammar = new()
    {
        Seeds =
        [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 206 Partial Content\r\nDate: Sun, 29 Nov 2026 00:00:00 GMT\r\nServer: nginx\r\nContent-Range: bytes 0-4/9\r\n"
                + "Content-Length: 5\r\nETag: \"v1\"\r\nConnection: keep-alive\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\nContent-type: text/html\nContent-Length: 5, 5\nContent-Length: 5\n\nhello",
            "HTTP/1.1 200 OK\r\nServer: cam\r\nno colon\r\nSome Thing: 1\r\n: empty\r\nX-\u00e9: 1\r\nX-A: a\r\n folded\r\nX: \0\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\u0081\u0005",
            "HTTP/1.1 206 \nCont~~ent-Length:5\n\n",
            "HTTP/1.1 404 Nicht gefunden \u00fc\r\nX-Empty:\r\nX-Obs: \u00e9\tb\r\nConnection: close, X-A\r\n\r\n",
        ],
        Words =
        [
            "\r\n", "\r\n\r\n", "\n", "\r", "\n\n", "\r\r\n", " ", "\t", "\r\n ", "\r\n\t", "\n ", "\0", "\v", ":", " :", ": ", ",", "_",
            "HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 304\r\n", "HTTP/2.0 200 OK\r\n",
            "HTTP/1.1 ", " 200 ", " 999 ", "ICY 200 OK", "Content-Length: 5", "Content-Length: 5, 5", "Content-Length: 5, 6",
            "Content-Length: +5", "Content-Length:", "Content-Length : 5", "Content_Length: 5", "Content Length: 5", "Content-Length",
            "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, gzip",
            "Transfer-Encoding:\u000bchunked", "Transfer-Encoding\u000b: chunked", "Transfer-Encoding : chunked",
            "transfer_encoding: chunked", "Content--Length: 5", "ContentLength: 5",
            "Connection: close", "Connection: keep-alive", "Connection : close", "Connection", " Content-Length: 5",
            "X: a\rContent-Length: 5", "X: a\r\r", "no colon", ": no name", "X Y: 1", "X[a]: 1", "X: \u0001", "\u0080: 1", "\u0080",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ],
        Separator = "\r\n",
    };

    [Fact]
    [Trait("Behaviour", "B38")]
    public Task Any_bytes_get_one_verdict_and_accepted_heads_are_unambiguous() => FuzzRun.RunAsync(s_grammar, 2_500, Check);

    private static void Check(byte[] input)
    {
        CheckUnder(input, s_usualLimits);
        CheckUnder(input, s_smallLimits);
    }

    private static void CheckUnder(byte[] input, ResponseHeadLimits limits)
    {
        List<Verdict> whole = ParseAll(new Arrival(input, [], arrivesAtOnce: true), limits);
        CheckArrivals(input, limits, whole);
        foreach (Verdict verdict in whole.Where(verdict => verdict.Status == ResponseHeadStatus.Complete))
        {
            CheckAccepted(verdict, limits);
        }

        // Whatever arrives behind a faulty head cannot make it good.
        if (whole is [.., { Status: ResponseHeadStatus.Faulty }])
        {
            byte[] longer = [.. input, .. "\r\nServer: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"u8];
            Assert.Equal(whole, ParseAll(new Arrival(longer, [], arrivesAtOnce: true), limits));
        }
    }

    private static void CheckArrivals(byte[] input, ResponseHeadLimits limits, List<Verdict> whole)
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

    private static void CheckAccepted(Verdict verdict, ResponseHeadLimits limits)
    {
        Assert.True(verdict.Bytes.Length <= limits.HeadBytes, "the head is longer than allowed");
        string[] lines = [.. verdict.Bytes.Split('\n').Select(line => line.EndsWith('\r') ? line[..^1] : line)];
        Assert.True(lines.Length >= 3 && lines[^1].Length == 0 && lines[^2].Length == 0, "no empty line at the end");
        lines = lines[..^2];
        Assert.True(lines.All(line => line.Length > 0), "an empty line within the head");
        Assert.True(lines.Length - 1 <= limits.Lines, "more lines than allowed");
        Assert.Matches(@"\AHTTP/1\.[0-9] [1-9][0-9]{2}( [^\0\r\n]*)?\z", lines[0]);
        int folded = lines.Count(line => line[0] is ' ' or '\t');
        Assert.InRange(verdict.FieldLines + verdict.DroppedLines, lines.Length - 1 - folded, lines.Length - 1);
        CheckFraming(verdict, lines[1..]);

        // Written anew from what was understood, and understood the same.
        string again = $"HTTP/1.{verdict.MinorVersion} {verdict.Code} {verdict.Reason}\r\n{verdict.Fields}\r\n";
        Verdict second = Assert.Single(ParseAll(new Arrival(Wire.Bytes(again), [], arrivesAtOnce: true), s_usualLimits));
        Assert.Equal(verdict with { Bytes = again, End = again.Length, DroppedLines = 0, FirstDroppedLine = "" }, second);
        Assert.True(!again.Replace("\r\n", "", StringComparison.Ordinal).AsSpan().ContainsAny(s_controls), "a control character");
    }

    // The second reader forgives everything: case, whatever is around and between the letters of a name, and a bare CR for a line end.
    private static void CheckFraming(Verdict verdict, string[] lines)
    {
        string[] forgiven = [.. lines.SelectMany(line => line.Split('\r'))];
        string[] lengths = Values(forgiven, "contentlength");
        string[] codings = Values(forgiven, "transferencoding");
        bool hasBoth = lengths.Length > 0 && codings.Length > 0;
        Assert.Equal(codings.Length == 1, verdict.IsChunked);
        Assert.True(codings.All(coding => coding.Equals("chunked", StringComparison.OrdinalIgnoreCase)), "a coding that is not chunked");
        string[] numbers = [.. lengths.SelectMany(Members).Distinct()];
        Assert.True(numbers.Length <= 1 || codings.Length > 0, "two lengths");
        bool hasLength = numbers.Length > 0 && codings.Length == 0;
        Assert.Equal(
            hasLength ? long.Parse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture) : -1, verdict.ContentLength);
        string[] options = [.. Values(forgiven, "connection").SelectMany(Members).Select(option => option.ToUpperInvariant())];
        bool isPersistent = !options.Contains("CLOSE") && (verdict.MinorVersion == 1 || options.Contains("KEEP-ALIVE"));
        bool isOdd204 = verdict.Code == 204 && (verdict.IsChunked || verdict.ContentLength > 0);
        Assert.Equal(isPersistent && !isOdd204 && !hasBoth, verdict.KeepAlive);
    }

    // ContentLength without any hyphen is nobody's Content-Length.
    private static string[] Values(string[] lines, string letters) =>
    [
        .. lines.Where(line => line.Contains(':', StringComparison.Ordinal))
            .Select(line => (Name: line[..line.IndexOf(':', StringComparison.Ordinal)], Line: line))
            .Where(line => LettersOf(line.Name) == letters && (line.Name.Length != letters.Length || letters == "connection"))
            .Select(line => line.Line[(line.Name.Length + 1)..].Trim(' ', '\t')),
    ];

    private static IEnumerable<string> Members(string list) => list.Split(',').Select(member => member.Trim(' ', '\t'));

    private static string LettersOf(string name) => new([.. name.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant)]);

    private static List<Verdict> ParseAll(Arrival arrival, ResponseHeadLimits limits)
    {
        var parser = new ResponseHeadParser(limits);
        var head = new ResponseHead();
        List<Verdict> verdicts = [];
        var last = new Verdict(ResponseHeadStatus.Incomplete, ResponseFault.None, 0);
        while (last.Status != ResponseHeadStatus.Faulty && arrival.TryRead(out ReadOnlySequence<byte> buffer))
        {
            ResponseHeadStatus status = parser.Parse(
                buffer, head, out SequencePosition consumed, out SequencePosition examined, out ResponseFault fault);
            arrival.AdvanceTo(consumed, examined);
            Assert.Equal(status == ResponseHeadStatus.Faulty, fault != ResponseFault.None);
            last = status == ResponseHeadStatus.Complete ? Accepted(head, arrival.Consumed) : new Verdict(status, fault, 0);
            if (status != ResponseHeadStatus.Incomplete)
            {
                verdicts.Add(last);
            }
        }

        head.Reset();
        return verdicts;
    }

    private static Verdict Accepted(ResponseHead head, int end) => new(ResponseHeadStatus.Complete, ResponseFault.None, end)
    {
        Bytes = Wire.Text(head.Bytes),
        Code = head.Status,
        MinorVersion = head.MinorVersion,
        Reason = Wire.Text(head.ReasonPhrase),
        ContentLength = head.ContentLength,
        IsChunked = head.IsChunked,
        KeepAlive = head.KeepAlive,
        Fields = FieldLines(head.Fields),
        FieldLines = head.Fields.LineCount,
        DroppedLines = head.DroppedLines,
        FirstDroppedLine = Wire.Text(head.FirstDroppedLine),
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

    private sealed record Verdict(ResponseHeadStatus Status, ResponseFault Fault, int End)
    {
        public string Bytes { get; init; } = "";

        public int Code { get; init; }

        public int MinorVersion { get; init; }

        public string Reason { get; init; } = "";

        public long ContentLength { get; init; }

        public bool IsChunked { get; init; }

        public bool KeepAlive { get; init; }

        public string Fields { get; init; } = "";

        public int FieldLines { get; init; }

        public int DroppedLines { get; init; }

        public string FirstDroppedLine { get; init; } = "";
    }
}
