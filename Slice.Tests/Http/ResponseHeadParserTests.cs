using System.Buffers;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Http;

public sealed class ResponseHeadParserTests
{
    private const string Typical =
        "HTTP/1.1 206 Partial Content\r\nDate: Sun, 29 Nov 2026 00:00:00 GMT\r\nServer: nginx\r\nContent-Type: application/octet-stream\r\n"
        + "Content-Range: bytes 0-4/100\r\nContent-Length: 5\r\nETag: \"v1\"\r\nConnection: keep-alive\r\n\r\n";

    public static TheoryData<string> AcceptedHeads =>
    [
        Typical,
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.7 200 OK\r\n\r\n",
        "HTTP/1.1 200 \r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 999 Request denied\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 404 Nicht gefunden \u00fc\t!\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh:\t 5 \t\r\nX-Empty:\r\nX-Obs: \u00e9\tb\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n",

        // LF alone, everywhere and here and there.
        "HTTP/1.1 200 OK\nContent-Length: 5\nServer: cgi\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\nServer: cgi\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\r\n\n",
        "HTTP/1.1 200\n\n",

        // The same length more than once.
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nContent-Length: 5\r\n\r\n",

        // Names of their own, though they look familiar.
        "HTTP/1.1 200 OK\r\nContentLength: 9\r\nX-Content-Length: 9\r\nProxy-Connection: close\r\n\r\n",
    ];

    public static TheoryData<string, ResponseFault> FaultyHeads => new()
    {
        { "\r\nHTTP/1.1 200 OK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "\nHTTP/1.1 200 OK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { " HTTP/1.1 200 OK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "http/1.1 200 OK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "HTTP/1.1200 OK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "HTTP/1.10 200 OK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "HTTP/1.x 200 OK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "HTTP/x.1 200 OK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "HTTP/1.1\t200 OK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "HTTP/1.1\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "HTTP/1.1 200OK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "HTTP/1.1 200\tOK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "HTTP/1.1 1000 High\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "ICY 200 OK\r\n\r\n", ResponseFault.InvalidStatusLine },
        { "SSH-2.0-OpenSSH_9.2\r\n", ResponseFault.InvalidStatusLine },
        { "\u0015\u0003\u0003\0\u0002\u0002(", ResponseFault.InvalidStatusLine },
        { "<html>", ResponseFault.InvalidStatusLine },
        { "HTTP/2.0 200 OK\r\n\r\n", ResponseFault.UnsupportedVersion },
        { "HTTP/2 200\r\n\r\n", ResponseFault.UnsupportedVersion },
        { "HTTP/0.9 200 OK\r\n\r\n", ResponseFault.UnsupportedVersion },
        { "HTTP/1.1 099 Low\r\n\r\n", ResponseFault.InvalidStatusCode },
        { "HTTP/1.1 000 None\r\n\r\n", ResponseFault.InvalidStatusCode },
        { "HTTP/1.1 20 Short\r\n\r\n", ResponseFault.InvalidStatusCode },
        { "HTTP/1.1 20\r\n\r\n", ResponseFault.InvalidStatusCode },
        { "HTTP/1.1 \r\n\r\n", ResponseFault.InvalidStatusCode },
        { "HTTP/1.1 2x0 OK\r\n\r\n", ResponseFault.InvalidStatusCode },
        { "HTTP/1.1 -20 OK\r\n\r\n", ResponseFault.InvalidStatusCode },
        { "HTTP/1.1  200 OK\r\n\r\n", ResponseFault.InvalidStatusCode },
        { "HTTP/1.1 200 O\0K\r\n\r\n", ResponseFault.ControlCharacter },
        { "HTTP/1.1 200\0\r\n\r\n", ResponseFault.ControlCharacter },
        { "HTTP/1.1 200 O\rK\r\n\r\n", ResponseFault.BareCarriageReturn },
        { "HTTP/1.1 200 OK\r\r\n\r\n", ResponseFault.BareCarriageReturn },
        { "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", ResponseFault.InvalidContentLength },
        { "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", ResponseFault.InvalidContentLength },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n\r\n", ResponseFault.InvalidContentLength },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n", ResponseFault.InvalidContentLength },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\u00a0\r\n\r\n", ResponseFault.InvalidContentLength },
        { "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", ResponseFault.InvalidContentLength },
        { "HTTP/1.1 200 OK\r\nContent-Length: ,\r\n\r\n", ResponseFault.InvalidContentLength },
        { "HTTP/1.1 200 OK\r\nContent-Length: +5, +5\r\n\r\n", ResponseFault.InvalidContentLength },
        { "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n", ResponseFault.InvalidContentLength },
        { "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", ResponseFault.DifferingContentLengths },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\nContent-Length: 4\r\n\r\n", ResponseFault.DifferingContentLengths },
        { "HTTP/1.1 200 OK\r\nContent-Length: 4, 5\r\n\r\n", ResponseFault.DifferingContentLengths },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n\r\n", ResponseFault.DifferingContentLengths },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5, 05\r\n\r\n", ResponseFault.DifferingContentLengths },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length:\r\n\r\n", ResponseFault.DifferingContentLengths },
        {
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n",
            ResponseFault.InvalidTransferEncoding
        },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", ResponseFault.InvalidTransferEncoding },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n", ResponseFault.InvalidTransferEncoding },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n", ResponseFault.InvalidTransferEncoding },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", ResponseFault.InvalidTransferEncoding },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", ResponseFault.InvalidTransferEncoding },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked,\r\n\r\n", ResponseFault.InvalidTransferEncoding },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n", ResponseFault.InvalidTransferEncoding },
        {
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            ResponseFault.InvalidTransferEncoding
        },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", ResponseFault.UnsupportedTransferCoding },
        { "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ResponseFault.TransferEncodingInHttp10 },
        { "HTTP/1.1 100 Continue\r\nHTTP/1.1 200 OK\r\n\r\n", ResponseFault.RepeatedStatusLine },
        { "HTTP/1.1 200 OK\r\nServer: a\r\nHTTP/1.1 200 O:K\r\n\r\n", ResponseFault.RepeatedStatusLine },
        { "HTTP/1.1 200 OK\r\nX: a\rHTTP/1.1 200 OK\r\n\r\n", ResponseFault.RepeatedStatusLine },
    };

    // A line of the head that is neither a field line nor harmless.
    public static TheoryData<string, ResponseFault> FaultyLines => new()
    {
        { "Transfer-Encoding\u000b: chunked", ResponseFault.DisguisedFramingField },
        { "Transfer-Encoding\0: chunked", ResponseFault.DisguisedFramingField },
        { "\0Content-Length: 5", ResponseFault.DisguisedFramingField },
        { "\u00a0Content-Length: 5", ResponseFault.DisguisedFramingField },
        { " Content-Length: 5", ResponseFault.DisguisedFramingField },
        { "\tTransfer-Encoding: chunked", ResponseFault.DisguisedFramingField },
        { "Content Length: 5", ResponseFault.DisguisedFramingField },
        { "\"Content-Length\": 5", ResponseFault.DisguisedFramingField },
        { "Content\u00adLength: 5", ResponseFault.DisguisedFramingField },
        { "Content_Length: 5", ResponseFault.DisguisedFramingField },
        { "content_length: 5", ResponseFault.DisguisedFramingField },
        { "Content--Length: 5", ResponseFault.DisguisedFramingField },
        { "Content-Length-: 5", ResponseFault.DisguisedFramingField },
        { "Cont~~ent-Length: 5", ResponseFault.DisguisedFramingField },
        { "Transfer_Encoding: chunked", ResponseFault.DisguisedFramingField },
        { "Content-Length", ResponseFault.DisguisedFramingField },
        { "Transfer-Encoding\r\n : chunked", ResponseFault.DisguisedFramingField },
        { "X: a\rContent-Length : 5", ResponseFault.DisguisedFramingField },
        { "Content-Length: 5\0", ResponseFault.ControlCharacter },
        { "Transfer-Encoding: \u000bchunked", ResponseFault.ControlCharacter },
        { "Transfer-Encoding: chunked\u007f", ResponseFault.ControlCharacter },
        { "Connection: close\u0001", ResponseFault.ControlCharacter },
        { "Content-Length: 5\r", ResponseFault.BareCarriageReturn },
        { "Content-Length: 5\r6", ResponseFault.BareCarriageReturn },
        { "Transfer-Encoding: chunked\rX: y", ResponseFault.BareCarriageReturn },
        { "X: a\rContent-Length: 5", ResponseFault.BareCarriageReturn },
        { "X: a\r\r", ResponseFault.BareCarriageReturn },
        { "X: a\r\rbody", ResponseFault.BareCarriageReturn },
        { "\rbody", ResponseFault.BareCarriageReturn },
        { "\r", ResponseFault.BareCarriageReturn },
        { "Content-Length: 5\r\n 6", ResponseFault.FoldedFramingField },
        { "Content-Length:\r\n 5", ResponseFault.FoldedFramingField },
        { "Content-Length: 5\r\n\t", ResponseFault.FoldedFramingField },
        { "Content-Length: 5\n 6", ResponseFault.FoldedFramingField },
        { "Transfer-Encoding: chunked\r\n , identity", ResponseFault.FoldedFramingField },
        { "Connection: close\r\n X", ResponseFault.FoldedFramingField },
        { "Content-Length: 5\r\nno colon\r\n 6", ResponseFault.FoldedFramingField },
    };

    public static TheoryData<string, int> HarmlessLines => new()
    {
        { "Tue, 12 Jun 2012 01_56_34 GMT", 1 },
        { "no colon", 1 },
        { ": no name", 1 },
        { ":", 1 },
        { "Some Thing: 1", 1 },
        { "X[a]: 1", 1 },
        { "X-\u00e9t\u00e9: 1", 1 },
        { "X: a\0b", 1 },
        { "X: a\u001bb", 1 },
        { "X: a\rSet-Cookie: b", 1 },
        { "X\0: a", 1 },
        { "no colon\r\n folded", 2 },
        { "Connection close", 1 },
        { "a\r\nb\r\nc", 3 },
    };

    [Theory]
    [Trait("Behaviour", "B38")]
    [MemberData(nameof(AcceptedHeads))]
    public void Head_is_complete_however_it_arrives(string head)
    {
        foreach ((string how, Outcome outcome) in SplitEverywhere.Run(Wire.Bytes(head + "BODY\r\n\r\n"), arrival => Parse(arrival)))
        {
            Assert.True(outcome == new Outcome(ResponseHeadStatus.Complete, ResponseFault.None, head.Length, head, 0), $"{how}: {outcome}");
        }
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [MemberData(nameof(FaultyHeads))]
    public void Head_is_faulty_for_the_same_reason_however_it_arrives(string head, ResponseFault fault)
    {
        foreach ((string how, Outcome outcome) in SplitEverywhere.Run(Wire.Bytes(head), arrival => Parse(arrival)))
        {
            Assert.True(outcome.Status == ResponseHeadStatus.Faulty && outcome.Fault == fault, $"{how}: {outcome}");
        }
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [MemberData(nameof(FaultyLines))]
    public void Line_that_could_frame_the_body_is_a_fault_however_it_arrives(string line, ResponseFault fault)
    {
        // Before LF alone, a CR at the end of the line would be the line end's.
        foreach (string end in line.EndsWith('\r') ? ["\r\n"] : new[] { "\r\n", "\n" })
        {
            byte[] input = Wire.Bytes($"HTTP/1.1 200 OK\r\n{line}{end}X-Last: a\r\n\r\n");
            foreach ((string how, Outcome outcome) in SplitEverywhere.Run(input, arrival => Parse(arrival)))
            {
                Assert.True(outcome.Fault == fault, $"{how}: {outcome}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(HarmlessLines))]
    public void Line_that_is_none_and_harmless_is_left_out_however_it_arrives(string lines, int dropped)
    {
        string head = $"HTTP/1.1 200 OK\r\nServer: cam\r\n{lines}\r\nContent-Length: 2\r\n\r\n";
        foreach ((string how, Outcome outcome) in SplitEverywhere.Run(Wire.Bytes(head + "ok"), arrival => Parse(arrival)))
        {
            Assert.True(
                outcome == new Outcome(ResponseHeadStatus.Complete, ResponseFault.None, head.Length, head, dropped), $"{how}: {outcome}");
        }

        ResponseHead parsed = Responses.Parse(head);
        Assert.Equal(2, parsed.ContentLength);
        Assert.Equal("cam"u8, parsed.Fields.ValueAt(0));
        Assert.Equal(KnownField.ContentLength, parsed.Fields.FieldAt(parsed.Fields.LineCount - 1));
        Assert.InRange(parsed.Fields.LineCount, 2, 3);
    }

    [Fact]
    public void First_line_that_was_left_out_is_shown_up_to_a_hundred_bytes()
    {
        ResponseHead head = Responses.Parse($"HTTP/1.1 200 OK\r\nA: b\r\n\0first {new string('x', 200)}\r\nsecond\r\n\r\n");

        Assert.Equal(2, head.DroppedLines);
        Assert.Equal("\0first " + new string('x', 93), Wire.Text(head.FirstDroppedLine));
        Assert.Equal(0, Responses.Parse("HTTP/1.1 200 OK\r\n\r\n").FirstDroppedLine.Length);
    }

    [Fact]
    public void Head_without_its_end_is_incomplete_and_consumes_nothing()
    {
        for (int length = 0; length < Typical.Length; length++)
        {
            Outcome outcome = Parse(new Arrival(Wire.Bytes(Typical[..length]), [], arrivesAtOnce: true));
            Assert.Equal((ResponseHeadStatus.Incomplete, 0), (outcome.Status, outcome.Consumed));
        }
    }

    [Fact]
    public void Head_is_given_as_received()
    {
        ResponseHead head = Responses.Parse(Typical);

        Assert.Equal((206, 1, 5L, false, true), (head.Status, head.MinorVersion, head.ContentLength, head.IsChunked, head.KeepAlive));
        Assert.Equal("Partial Content"u8, head.ReasonPhrase);
        Assert.Equal(7, head.Fields.LineCount);
        Assert.Equal("Content-Range"u8, head.Fields.NameAt(3));
        Assert.Equal("bytes 0-4/100"u8, head.Fields.ValueAt(3));
        Assert.Equal(0, head.DroppedLines);
    }

    [Theory]
    [InlineData("HTTP/1.1 200\r\n\r\n", "")]
    [InlineData("HTTP/1.1 200 \r\n\r\n", "")]
    [InlineData("HTTP/1.1 200  two spaces \r\n\r\n", " two spaces ")]
    [InlineData("HTTP/1.1 200 O\u001bK\r\n\r\n", "")]
    [InlineData("HTTP/1.1 200 \u00fc\t\u00ff\r\n\r\n", "\u00fc\t\u00ff")]
    public void Reason_phrase_is_as_received_and_may_be_absent(string head, string phrase) =>
        Assert.Equal(phrase, Wire.Text(Responses.Parse(head).ReasonPhrase));

    [Theory]
    [InlineData(100, 0, ResponseHeadStatus.Complete, ResponseFault.None)]
    [InlineData(101, 0, ResponseHeadStatus.Faulty, ResponseFault.HeadTooLarge)]
    [InlineData(500, 99, ResponseHeadStatus.Incomplete, ResponseFault.None)]
    [InlineData(500, 100, ResponseHeadStatus.Faulty, ResponseFault.HeadTooLarge)]
    public void Head_has_a_limit_of_bytes(int headBytes, int arrived, ResponseHeadStatus status, ResponseFault fault)
    {
        const string Around = "HTTP/1.1 200 OK\r\nX:\r\n\r\n";
        string head = Around.Insert(Around.Length - 4, new string('x', headBytes - Around.Length)) + "BODY";
        byte[] input = Wire.Bytes(arrived == 0 ? head : head[..arrived]);
        foreach ((string how, Outcome outcome) in SplitEverywhere.Run(input, arrival => Parse(arrival, new(HeadBytes: 100))))
        {
            Assert.True((outcome.Status, outcome.Fault) == (status, fault), $"{how}: {outcome}");
        }
    }

    [Theory]
    [InlineData("A:\r\nB:\r\nC:\r\n\r\n", ResponseFault.None)]
    [InlineData("A:\r\nno colon\r\n folded\r\n\r\n", ResponseFault.None)]
    [InlineData("A:\r\nB:\r\nC:\r\nD:\r\n\r\n", ResponseFault.TooManyLines)]
    [InlineData("A:\r\nno colon\r\n folded\r\nD:\r\n\r\n", ResponseFault.TooManyLines)]
    public void Head_has_a_limit_of_lines_and_those_left_out_count(string lines, ResponseFault fault)
    {
        byte[] input = Wire.Bytes("HTTP/1.1 200 OK\r\n" + lines);
        foreach ((string how, Outcome outcome) in SplitEverywhere.Run(input, arrival => Parse(arrival, new(Lines: 3))))
        {
            Assert.True(outcome.Fault == fault, $"{how}: {outcome}");
        }
    }

    [Theory]
    [Trait("Behaviour", "B44")]
    [InlineData(3, ResponseFault.None)]
    [InlineData(4, ResponseFault.TooManyInterimHeads)]
    public void Interim_heads_in_a_row_have_a_limit(int count, ResponseFault fault)
    {
        var parser = new ResponseHeadParser(new ResponseHeadLimits(InterimHeads: 3));
        for (int response = 0; response < 2 && fault == ResponseFault.None; response++)
        {
            for (int interim = 0; interim < count; interim++)
            {
                Assert.Equal(ResponseFault.None, Responses.FaultOf("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", parser));
            }

            Assert.Equal(ResponseFault.None, Responses.FaultOf("HTTP/1.1 200 OK\r\n\r\n", parser));
        }

        var faults = Enumerable.Range(0, count).Select(_ => Responses.FaultOf("HTTP/1.1 102 Processing\r\n\r\n", parser)).ToList();
        Assert.Equal(fault, faults[^1]);
        Assert.All(faults[..^1], found => Assert.Equal(ResponseFault.None, found));
    }

    [Fact]
    public void Head_after_a_faulty_one_is_parsed_afresh()
    {
        var parser = new ResponseHeadParser(new ResponseHeadLimits());
        var head = new ResponseHead();
        Assert.Equal(ResponseFault.FoldedFramingField, Parse("HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 5\r\n 6\r\n\r\n"));
        Assert.Equal(ResponseFault.None, Parse("HTTP/1.0 204\r\n\r\n"));
        Assert.Equal((204, 0, 0, -1L), (head.Status, head.Fields.LineCount, head.DroppedLines, head.ContentLength));

        ResponseFault Parse(string bytes)
        {
            parser.Parse(new ReadOnlySequence<byte>(Wire.Bytes(bytes)), head, out _, out _, out ResponseFault fault);
            return fault;
        }
    }

    [Fact]
    public void Reset_forgets_the_response()
    {
        ResponseHead head = Responses.Parse("HTTP/1.1 404 Not Found\r\nno colon\r\nContent-Length: 5\r\n\r\n");
        head.Reset();

        Assert.Equal((0, 0, 0, -1L), (head.Status, head.Length, head.DroppedLines, head.ContentLength));
        Assert.Equal(0, head.ReasonPhrase.Length + head.FirstDroppedLine.Length + head.Fields.LineCount);
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, 0, 1)]
    [InlineData(1, 1, 0)]
    public void Limits_are_positive(int headBytes, int lines, int interimHeads) => Assert.Throws<ArgumentOutOfRangeException>(
        () => new ResponseHeadParser(new ResponseHeadLimits(headBytes, lines, interimHeads)));

    [Theory]
    [InlineData(Typical)]
    [InlineData("HTTP/1.1 200\nno colon\nX: \0\n folded\nContent-Length: 5, 5\nContent-Length: 5\n\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n")]
    public void Parsing_allocates_nothing_after_warm_up(string bytes)
    {
        var parser = new ResponseHeadParser(new ResponseHeadLimits());
        var head = new ResponseHead();
        var whole = new ReadOnlySequence<byte>(Wire.Bytes(bytes));
        ReadOnlySequence<byte> torn = Segments.Of(Wire.Bytes(bytes), [20, 40], 0, bytes.Length);
        ParseAndReset(200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ParseAndReset(200);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void ParseAndReset(int times)
        {
            for (int time = 0; time < times; time++)
            {
                parser.Parse(whole, head, out _, out _, out _);
                parser.Parse(torn, head, out _, out _, out _);
                head.BodyOf(RequestMethod.Get);
                head.Reset();
            }
        }
    }

    private static Outcome Parse(Arrival arrival, ResponseHeadLimits? limits = null)
    {
        var parser = new ResponseHeadParser(limits ?? new ResponseHeadLimits());
        var head = new ResponseHead();
        var outcome = new Outcome(ResponseHeadStatus.Incomplete, ResponseFault.None, 0, "", 0);
        while (outcome.Status == ResponseHeadStatus.Incomplete && arrival.TryRead(out ReadOnlySequence<byte> buffer))
        {
            ResponseHeadStatus status = parser.Parse(
                buffer, head, out SequencePosition consumed, out SequencePosition examined, out ResponseFault fault);
            arrival.AdvanceTo(consumed, examined);
            outcome = new Outcome(status, fault, arrival.Consumed, Wire.Text(head.Bytes), head.DroppedLines);
        }

        return outcome;
    }

    private sealed record Outcome(ResponseHeadStatus Status, ResponseFault Fault, int Consumed, string Head, int DroppedLines);
}
