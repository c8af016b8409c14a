using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Http;

/// <summary>
/// Broken answers of every kind that an origin was seen or feared to give, and the verdict of parser and decoder on each: the same however
/// the bytes arrive, and never a body that looks whole and is not.
/// </summary>
public sealed class HostileResponsesTests
{
    private const string Chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    private static readonly ResponseHeadLimits s_limits = new(HeadBytes: 400, Lines: 10, InterimHeads: 5);

    private static readonly string[] s_whole =
    [
        "HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\nContent-Length: 4\n\nabcd",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200\r\nno colon\r\nContent-Length: 4\r\n\r\nabcd",
        Chunked + "2\r\nab\r\n2;x=y\r\ncd\r\n0\r\nTrailer: a\r\n\r\n",
    ];

    // By kind: what the origin sends until it closes.
    private static readonly Dictionary<string, (string Bytes, ResponseFault Fault)> s_kinds = new()
    {
        ["nothing"] = ("", ResponseFault.HeadCutOff),
        ["a truncated status line"] = ("HTTP/1.1 2", ResponseFault.HeadCutOff),
        ["a truncated field line"] = ("HTTP/1.1 200 OK\r\nContent-Len", ResponseFault.HeadCutOff),
        ["a head without its empty line"] = ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n", ResponseFault.HeadCutOff),
        ["an interim head and no more"] = ("HTTP/1.1 100 Continue\r\n\r\n", ResponseFault.HeadCutOff),
        ["a header bomb of bytes"] = (
            "HTTP/1.1 200 OK\r\n" + Repeat("X-Bomb: bang\r\n", 9) + new string('x', 400), ResponseFault.HeadTooLarge),
        ["a header bomb of lines"] = ("HTTP/1.1 200 OK\r\n" + Repeat("X: y\r\n", 11), ResponseFault.TooManyLines),
        ["a bomb of lines that are none"] = ("HTTP/1.1 200 OK\r\n" + Repeat("?\n", 11), ResponseFault.TooManyLines),
        ["an endless field line"] = ("HTTP/1.1 200 OK\r\nX: " + new string('x', 10_000), ResponseFault.HeadTooLarge),
        ["an endless status line"] = ("HTTP/1.1 200 " + new string('x', 10_000), ResponseFault.HeadTooLarge),
        ["endless NULs"] = (new string('\0', 10_000), ResponseFault.InvalidStatusLine),
        ["endless 1xx"] = (Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100), ResponseFault.TooManyInterimHeads),
        ["1xx with a body"] = (
            "HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\nabcdHTTP/1.1 200 OK\r\n\r\n", ResponseFault.InvalidStatusLine),
        ["two heads glued together"] = (
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", ResponseFault.RepeatedStatusLine),
        ["an interim head glued to the final"] = (
            "HTTP/1.1 100 Continue\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", ResponseFault.RepeatedStatusLine),
        ["an empty line before the head"] = ("\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", ResponseFault.InvalidStatusLine),
        ["HTTP/0.9"] = ("<html>an answer of HTTP/0.9</html>\r\n", ResponseFault.InvalidStatusLine),
        ["the preface of HTTP/2"] = ("\0\0\u0012\u0004\0\0\0\0\0", ResponseFault.InvalidStatusLine),
        ["HTTP/2 in text"] = ("HTTP/2 200\r\nContent-Length: 4\r\n\r\nabcd", ResponseFault.UnsupportedVersion),
        ["Icecast"] = ("ICY 200 OK\r\nContent-Length: 4\r\n\r\nabcd", ResponseFault.InvalidStatusLine),
        ["a request"] = ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", ResponseFault.InvalidStatusLine),
        ["a status of two digits"] = ("HTTP/1.1 20 OK\r\n\r\n", ResponseFault.InvalidStatusCode),
        ["a status of four digits"] = ("HTTP/1.1 2000 OK\r\n\r\n", ResponseFault.InvalidStatusLine),
        ["a status of zero"] = ("HTTP/1.1 000 OK\r\n\r\n", ResponseFault.InvalidStatusCode),
        ["NUL in the phrase"] = ("HTTP/1.1 200 O\0K\r\nContent-Length: 4\r\n\r\nabcd", ResponseFault.ControlCharacter),
        ["a split by CR in the phrase"] = ("HTTP/1.1 200 OK\rSet-Cookie: a\r\n\r\n", ResponseFault.BareCarriageReturn),
        ["two lengths"] = (
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", ResponseFault.DifferingContentLengths),
        ["two lengths in a list"] = ("HTTP/1.1 200 OK\r\nContent-Length: 4, 5\r\n\r\nabcde", ResponseFault.DifferingContentLengths),
        ["a negative length"] = ("HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nabcd", ResponseFault.InvalidContentLength),
        ["a length in hex"] = ("HTTP/1.1 200 OK\r\nContent-Length: 0x4\r\n\r\nabcd", ResponseFault.InvalidContentLength),
        ["a length beyond 2^63"] = (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabcd", ResponseFault.InvalidContentLength),
        ["an empty length"] = ("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nabcd", ResponseFault.InvalidContentLength),
        ["a coding with VT"] = ("HTTP/1.1 200 OK\r\nTransfer-Encoding: \vchunked\r\n\r\nabcd", ResponseFault.ControlCharacter),
        ["a folded coding"] = ("HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", ResponseFault.FoldedFramingField),
        ["a coding that is none"] = ("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nabcd", ResponseFault.InvalidTransferEncoding),
        ["two codings"] = (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ResponseFault.UnsupportedTransferCoding),
        ["a coding twice"] = (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ResponseFault.InvalidTransferEncoding),
        ["a coding in HTTP/1.0"] = (
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ResponseFault.TransferEncodingInHttp10),
        ["a chunk size beyond 2^63"] = (Chunked + "10000000000000004\r\nabcd\r\n0\r\n\r\n", ResponseFault.InvalidChunkedBody),
        ["a chunk size that overflows"] = (Chunked + "ffffffffffffffff\r\nabcd\r\n0\r\n\r\n", ResponseFault.InvalidChunkedBody),
        ["a negative chunk size"] = (Chunked + "-4\r\nabcd\r\n0\r\n\r\n", ResponseFault.InvalidChunkedBody),
        ["a chunk size with a prefix"] = (Chunked + "0x4\r\nabcd\r\n0\r\n\r\n", ResponseFault.InvalidChunkedBody),
        ["a chunk without a size"] = (Chunked + "\r\nabcd\r\n0\r\n\r\n", ResponseFault.InvalidChunkedBody),
        ["a chunk that is longer than its size"] = (Chunked + "4\r\nabcde\r\n0\r\n\r\n", ResponseFault.InvalidChunkedBody),
        ["endless zeros of a chunk size"] = (Chunked + new string('0', 1000), ResponseFault.InvalidChunkedBody),
        ["a chunk extension bomb"] = (Chunked + "4;" + new string('x', 20_000), ResponseFault.InvalidChunkedBody),
        ["a trailer bomb"] = (Chunked + "0\r\n" + Repeat("X: y\r\n", 3000), ResponseFault.InvalidChunkedBody),
        ["a huge chunk that is not sent"] = (Chunked + "7fffffffffffffff\r\nabcd", ResponseFault.BodyCutOff),
        ["a body without its last chunk"] = (Chunked + "4\r\nabcd\r\n", ResponseFault.BodyCutOff),
        ["a body without the end of its trailers"] = (Chunked + "4\r\nabcd\r\n0\r\n", ResponseFault.BodyCutOff),
        ["a body shorter than its length"] = ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcd", ResponseFault.BodyCutOff),
    };

    public static TheoryData<string> Kinds => [.. s_kinds.Keys];

    public static TheoryData<string> WholeAnswers => [.. s_whole];

    [Theory]
    [Trait("Behaviour", "B38")]
    [MemberData(nameof(Kinds))]
    public void Broken_answer_has_its_verdict_however_it_arrives(string kind)
    {
        (string bytes, ResponseFault fault) = s_kinds[kind];
        byte[] input = Wire.Bytes(bytes);
        foreach ((string how, Arrival arrival) in Arrivals(input))
        {
            ResponseReading reading = Responses.Read(arrival, limits: s_limits);
            Assert.True(reading.Fault == fault, $"{how}: {reading.Fault}");
        }
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [MemberData(nameof(WholeAnswers))]
    public void Answer_that_ends_at_any_byte_before_its_last_is_cut_off(string answer)
    {
        byte[] input = Wire.Bytes(answer);
        for (int length = 0; length < input.Length; length++)
        {
            ResponseReading reading = Responses.Read(new Arrival(input[..length], [], arrivesAtOnce: true));
            Assert.Equal((length, reading.Head is null ? ResponseFault.HeadCutOff : ResponseFault.BodyCutOff), (length, reading.Fault));
        }

        ResponseReading whole = Responses.Read(new Arrival(input, [], arrivesAtOnce: true));
        Assert.Equal((ResponseFault.None, "abcd", input.Length), (whole.Fault, whole.Body, whole.Consumed));
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", RequestMethod.Get)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", RequestMethod.Head)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", RequestMethod.Get)]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", RequestMethod.Get)]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", RequestMethod.Get)]
    public void What_comes_behind_a_response_is_none_of_it(string answer, RequestMethod method)
    {
        byte[] input = Wire.Bytes(answer + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
        foreach ((string how, ResponseReading reading) in SplitEverywhere.Run(input, arrival => Responses.Read(arrival, method)))
        {
            Assert.True((reading.Fault, reading.Consumed) == (ResponseFault.None, answer.Length), $"{how}: {reading}");
            Assert.DoesNotContain("poison", reading.Body, StringComparison.Ordinal);
        }
    }

    // Long inputs are not cut at every offset; byte by byte is the hardest of all ways.
    private static IEnumerable<(string How, Arrival Arrival)> Arrivals(byte[] input)
    {
        int[] everyByte = [.. Enumerable.Range(1, Math.Max(0, Math.Min(input.Length, 1000) - 1))];
        yield return ("whole", new Arrival(input, [], arrivesAtOnce: true));
        yield return ("in segments of a byte", new Arrival(input, everyByte, arrivesAtOnce: true));
        yield return ("byte by byte", new Arrival(input, everyByte, arrivesAtOnce: false));
    }

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
}
