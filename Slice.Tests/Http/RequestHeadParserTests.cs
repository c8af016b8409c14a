using System.Buffers;
using System.Text;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Http;

public class RequestHeadParserTests
{
    private const string Typical =
        "GET /downloads/debian-13.iso?mirror=2 HTTP/1.1\r\nHost: mirror.example:8080\r\nUser-Agent: curl/8.14.1\r\n"
        + "Accept: */*\r\nAccept-Encoding: gzip, deflate, br\r\nRange: bytes=1048576-2097151\r\nIf-Range: \"v1\"\r\n"
        + "X-Request-Id: 7a3f\r\nConnection: keep-alive\r\n\r\n";

    public static TheoryData<string> AcceptedHeads => new(
        Typical,
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /x HTTP/1.1\r\nhOsT:a\r\nContent-Length: \t 5 \t\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\nX-Empty:\r\nX-Obs: \u00e9\r\nX-Tab: a\tb\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        "GET http://b:80/p?q HTTP/1.1\r\nHost: a\r\n\r\n",
        "BREW / HTTP/1.9\r\nHost: [::1]:80\r\n\r\n");

    public static TheoryData<string, RequestRejection> RejectedHeads => new()
    {
        { "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.TooManyEmptyLines },
        { "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.BareLineFeed },
        { "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.BareCarriageReturn },
        { "GET / HTTP/1.1\nHost: a\r\n\r\n", RequestRejection.BareLineFeed },
        { "GET / HTTP/1.1\r\nHost: a\n\r\n", RequestRejection.BareLineFeed },
        { "GET / HTTP/1.1\r\nHost: a\r\n\n", RequestRejection.BareLineFeed },
        { "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", RequestRejection.BareCarriageReturn },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", RequestRejection.ControlCharacter },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: \u007f\r\n\r\n", RequestRejection.ControlCharacter },
        { "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.ControlCharacter },
        { "\u0016\u0003\u0001", RequestRejection.ControlCharacter },
        { "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.InvalidRequestLine },
        { "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.InvalidRequestLine },
        { "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", RequestRejection.InvalidRequestLine },
        { "GET /\r\n\r\n", RequestRejection.InvalidRequestLine },
        { "GET\r\n\r\n", RequestRejection.InvalidRequestLine },
        { "GET / http/1.1\r\nHost: a\r\n\r\n", RequestRejection.InvalidRequestLine },
        { "GET / HTTP/1.\r\nHost: a\r\n\r\n", RequestRejection.InvalidRequestLine },
        { "GET / HTTP/1.10\r\nHost: a\r\n\r\n", RequestRejection.InvalidRequestLine },
        { " GET / HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.InvalidMethod },
        { "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.InvalidMethod },
        { "GET\t / HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.InvalidMethod },
        { new string('M', 33) + " / HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.MethodTooLong },
        { "GET / HTTP/2.0\r\nHost: a\r\n\r\n", RequestRejection.UnsupportedVersion },
        { "GET / HTTP/0.9\r\nHost: a\r\n\r\n", RequestRejection.UnsupportedVersion },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", RequestRejection.UnsupportedVersion },
        { "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.InvalidTarget },
        { "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.InvalidTarget },
        { "GET * HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.InvalidTarget },
        { "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", RequestRejection.InvalidTarget },
        { "GET / HTTP/1.1\r\n Host: a\r\n\r\n", RequestRejection.ObsoleteLineFolding },
        { "GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", RequestRejection.ObsoleteLineFolding },
        { "GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n", RequestRejection.ObsoleteLineFolding },
        { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", RequestRejection.WhitespaceBeforeColon },
        { "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", RequestRejection.WhitespaceBeforeColon },
        { "GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n", RequestRejection.InvalidFieldName },
        { "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", RequestRejection.InvalidFieldName },
        { "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", RequestRejection.InvalidFieldName },
        { "GET / HTTP/1.1\r\n\r\n", RequestRejection.MissingHost },
        { "GET http://a/ HTTP/1.1\r\n\r\n", RequestRejection.MissingHost },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", RequestRejection.RepeatedHost },
        { "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", RequestRejection.RepeatedHost },
        { "GET / HTTP/1.1\r\nHost:\r\n\r\n", RequestRejection.InvalidHost },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", RequestRejection.InvalidHost },
        { "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", RequestRejection.InvalidHost },
        { "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", RequestRejection.InvalidHost },
        { "GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", RequestRejection.UnsupportedExpectation },
    };

    [Theory]
    [Trait("Behaviour", "B36")]
    [MemberData(nameof(AcceptedHeads))]
    public void Head_is_complete_however_it_arrives(string head)
    {
        byte[] input = Encoding.Latin1.GetBytes(head + "BODY");
        foreach ((string how, Outcome outcome) in SplitEverywhere.Run(input, arrival => Parse(arrival)))
        {
            Assert.True(outcome.Status == RequestHeadStatus.Complete, $"{how}: {outcome}");
            Assert.True(outcome.Consumed == head.Length, $"{how}: consumed {outcome.Consumed} of {head.Length}");
            Assert.True(outcome.Head == head.TrimStart('\r', '\n'), how);
        }
    }

    [Theory]
    [Trait("Behaviour", "B37")]
    [MemberData(nameof(RejectedHeads))]
    public void Head_is_rejected_for_the_same_reason_however_it_arrives(string head, RequestRejection rejection)
    {
        foreach ((string how, Outcome outcome) in SplitEverywhere.Run(Encoding.Latin1.GetBytes(head), arrival => Parse(arrival)))
        {
            Assert.True(outcome.Status == RequestHeadStatus.Rejected && outcome.Rejection == rejection, $"{how}: {outcome}");
        }
    }

    [Fact]
    public void Head_without_its_end_is_incomplete_and_consumes_nothing()
    {
        for (int length = 0; length < Typical.Length; length++)
        {
            Outcome outcome = Parse(new Arrival(Encoding.Latin1.GetBytes(Typical[..length]), [], arrivesAtOnce: true));
            Assert.Equal(RequestHeadStatus.Incomplete, outcome.Status);
            Assert.Equal(0, outcome.Consumed);
        }
    }

    [Fact]
    public void Head_is_given_as_received()
    {
        var head = new RequestHead();
        Assert.Equal(RequestHeadStatus.Complete, ParseWhole(Typical, head));
        Assert.Equal(RequestMethod.Get, head.Method);
        Assert.Equal("GET"u8, head.MethodBytes);
        Assert.Equal("/downloads/debian-13.iso?mirror=2"u8, head.Target.Bytes);
        Assert.Equal("/downloads/debian-13.iso"u8, head.Target.Path);
        Assert.Equal("mirror=2"u8, head.Target.Query);
        Assert.Equal(1, head.MinorVersion);
        Assert.Equal("mirror.example:8080"u8, head.Host);
        Assert.Equal(8, head.Fields.LineCount);
        Assert.Equal("X-Request-Id"u8, head.Fields.NameAt(6));
        Assert.Equal("7a3f"u8, head.Fields.ValueAt(6));
        Assert.True(head.Fields.TryGet(KnownField.Range, out ReadOnlySpan<byte> range));
        Assert.Equal("bytes=1048576-2097151"u8, range);
        Assert.True(head.KeepAlive);
        Assert.False(head.HasBody);
        Assert.Equal(-1, head.ContentLength);
    }

    [Theory]
    [Trait("Behaviour", "B36")]
    [InlineData("GET http://b:81/p HTTP/1.1\r\nHost: a\r\n\r\n", "b:81")]
    [InlineData("GET http://b HTTP/1.0\r\n\r\n", "b")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a")]
    [InlineData("GET / HTTP/1.0\r\n\r\n", "")]
    [InlineData("CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n", "b:443")]
    public void Host_of_an_absolute_target_wins(string bytes, string host)
    {
        var head = new RequestHead();
        Assert.Equal(RequestHeadStatus.Complete, ParseWhole(bytes, head));
        Assert.Equal(host, Encoding.Latin1.GetString(head.Host));
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public void Pipelined_heads_are_consumed_one_at_a_time()
    {
        string[] targets = ["/1", "/2", "/3"];
        byte[] input = Encoding.Latin1.GetBytes(string.Concat(targets.Select(target => $"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")));
        foreach ((string how, List<string> seen) in SplitEverywhere.Run(input, ParseTargets))
        {
            Assert.True(seen.SequenceEqual(targets), how);
        }
    }

    [Fact]
    public void Head_after_a_rejected_one_is_parsed_afresh()
    {
        var parser = new RequestHeadParser(new RequestHeadLimits());
        var head = new RequestHead();
        Assert.Equal(RequestHeadStatus.Rejected, ParseWhole("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", head, parser));
        Assert.Equal(RequestHeadStatus.Complete, ParseWhole("GET / HTTP/1.0\r\n\r\n", head, parser));
        Assert.Equal(0, head.Fields.LineCount);
        Assert.True(head.Host.IsEmpty);
    }

    [Fact]
    public void Reset_forgets_the_request()
    {
        var head = new RequestHead();
        ParseWhole(Typical, head);
        head.Reset();
        Assert.Equal(0, head.Length);
        Assert.Equal(0, head.Fields.LineCount);
        Assert.False(head.Fields.Contains(KnownField.Range));
        Assert.True(head.Target.Bytes.IsEmpty);
        Assert.Equal(RequestHeadStatus.Complete, ParseWhole(Typical, head));
        Assert.Equal("mirror.example:8080"u8, head.Host);
    }

    [Fact]
    public void Parsing_allocates_nothing_after_warm_up()
    {
        var parser = new RequestHeadParser(new RequestHeadLimits());
        var head = new RequestHead();
        var buffer = new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(Typical));
        ParseAndReset(200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ParseAndReset(200);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void ParseAndReset(int times)
        {
            for (int time = 0; time < times; time++)
            {
                parser.Parse(buffer, head, out _, out _, out _);
                head.Reset();
            }
        }
    }

    private static List<string> ParseTargets(Arrival arrival)
    {
        var parser = new RequestHeadParser(new RequestHeadLimits());
        var head = new RequestHead();
        List<string> targets = [];
        while (arrival.TryRead(out ReadOnlySequence<byte> buffer))
        {
            RequestHeadStatus status = parser.Parse(buffer, head, out SequencePosition consumed, out SequencePosition examined, out _);
            arrival.AdvanceTo(consumed, examined);
            if (status == RequestHeadStatus.Complete)
            {
                targets.Add(Encoding.Latin1.GetString(head.Target.Bytes));
            }
        }

        return targets;
    }

    private static RequestHeadStatus ParseWhole(string bytes, RequestHead head, RequestHeadParser? parser = null) =>
        (parser ?? new RequestHeadParser(new RequestHeadLimits()))
            .Parse(new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(bytes)), head, out _, out _, out _);

    private static Outcome Parse(Arrival arrival)
    {
        var parser = new RequestHeadParser(new RequestHeadLimits());
        var head = new RequestHead();
        var outcome = new Outcome(RequestHeadStatus.Incomplete, RequestRejection.None, 0, "");
        while (outcome.Status == RequestHeadStatus.Incomplete && arrival.TryRead(out ReadOnlySequence<byte> buffer))
        {
            RequestHeadStatus status = parser.Parse(
                buffer, head, out SequencePosition consumed, out SequencePosition examined, out RequestRejection rejection);
            arrival.AdvanceTo(consumed, examined);
            outcome = new Outcome(status, rejection, arrival.Consumed, Encoding.Latin1.GetString(head.Bytes));
        }

        return outcome;
    }

    private sealed record Outcome(RequestHeadStatus Status, RequestRejection Rejection, int Consumed, string Head);
}
