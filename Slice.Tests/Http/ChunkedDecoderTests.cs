using System.Buffers;
using System.Text;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Http;

public class ChunkedDecoderTests
{
    [Theory]
    [Trait("Behaviour", "B38")]
    [Trait("Behaviour", "B41")]
    [InlineData("0\r\n\r\n", "")]
    [InlineData("000\r\n\r\n", "")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world")]
    [InlineData("a\r\n0123456789\r\nA\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", "0123456789\r\n\r\n\r\n\r\n\r\n")]
    [InlineData("0000000000000005\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n", "hello")]
    [InlineData("5 \t;a\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("1\r\nx\r\n0\r\nTrailer: a\r\nContent-Length: 5\r\n\r\n", "x")]
    public void Body_is_decoded_however_it_arrives(string body, string data)
    {
        byte[] input = Encoding.Latin1.GetBytes(body + "GET");
        foreach ((string how, Outcome outcome) in SplitEverywhere.Run(input, Decode))
        {
            Assert.True(outcome == new Outcome(ChunkedStatus.End, data, body.Length), $"{how}: {outcome}");
        }
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("\r\n")]
    [InlineData("x\r\n")]
    [InlineData("0x5\r\nhello\r\n")]
    [InlineData("-5\r\nhello\r\n")]
    [InlineData("+5\r\nhello\r\n")]
    [InlineData(" 5\r\nhello\r\n")]
    [InlineData("5 \r\nhello\r\n")]
    [InlineData("5 5\r\nhello\r\n")]
    [InlineData("5\nhello\r\n")]
    [InlineData("5\rhello\r\n")]
    [InlineData("5;a\nhello\r\n")]
    [InlineData("5;a\r\r\nhello\r\n")]
    [InlineData("5;a\0\r\nhello\r\n")]
    [InlineData("5\r\nhellohello\r\n")]
    [InlineData("5\r\nhello\n0\r\n\r\n")]
    [InlineData("5\r\nhello0\r\n\r\n")]
    [InlineData("5\r\nhello\r0\r\n\r\n")]
    [InlineData("8000000000000000\r\n")]
    [InlineData("10000000000000000\r\n")]
    [InlineData("00000000000000005\r\nhello\r\n")]
    [InlineData("0\r\n\n")]
    [InlineData("0\r\n\rX")]
    [InlineData("0\r\nA: b\n\r\n")]
    [InlineData("0\r\nA: b\rc\r\n\r\n")]
    [InlineData("0\r\nA: \0\r\n\r\n")]
    public void Body_with_broken_framing_is_invalid_however_it_arrives(string body)
    {
        foreach ((string how, Outcome outcome) in SplitEverywhere.Run(Encoding.Latin1.GetBytes(body), Decode))
        {
            Assert.True(outcome.Status == ChunkedStatus.Invalid, $"{how}: {outcome}");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("5\r\nhell")]
    [InlineData("5\r\nhello")]
    [InlineData("5\r\nhello\r\n")]
    [InlineData("0\r\n")]
    [InlineData("0\r\n\r")]
    [InlineData("7fffffffffffffff\r\nx")]
    public void Body_that_ends_early_needs_more(string body)
    {
        foreach ((string how, Outcome outcome) in SplitEverywhere.Run(Encoding.Latin1.GetBytes(body), Decode))
        {
            Assert.True(
                outcome.Status is ChunkedStatus.NeedMore or ChunkedStatus.Data && outcome.Consumed == body.Length, $"{how}: {outcome}");
        }
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData(256, ChunkedStatus.End)]
    [InlineData(257, ChunkedStatus.Invalid)]
    public void Extension_is_bounded(int length, ChunkedStatus status) =>
        Assert.Equal(status, DecodeWhole($"1;{new string('e', length - 1)}\r\nx\r\n1;e\r\ny\r\n0\r\n\r\n"));

    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData(8192, ChunkedStatus.End)]
    [InlineData(8193, ChunkedStatus.Invalid)]
    public void Trailers_are_bounded_together(int length, ChunkedStatus status) =>
        Assert.Equal(status, DecodeWhole($"0\r\nA: {new string('t', length - 6)}\r\nB: \r\n\r\n"));

    // Some origins sign each chunk, and tell checksums behind the last one.
    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData(16 << 10, 64 << 10, ChunkedStatus.End)]
    [InlineData((16 << 10) + 1, 64 << 10, ChunkedStatus.Invalid)]
    [InlineData(16 << 10, (64 << 10) + 1, ChunkedStatus.Invalid)]
    public void Framing_of_a_response_has_more_room(int extensionBytes, int trailerBytes, ChunkedStatus status)
    {
        string body = $"1;{new string('e', extensionBytes - 1)}\r\nx\r\n0\r\nA: {new string('t', trailerBytes - 3)}\r\n\r\n";
        var decoder = new ChunkedDecoder(isOfResponse: true);
        var input = new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(body));
        ChunkedStatus last;
        do
        {
            last = decoder.Decode(input, out _, out var consumed, out _);
            input = input.Slice(consumed);
        }
        while (last == ChunkedStatus.Data);

        Assert.Equal(status, last);
    }

    [Fact]
    public void Decoder_stays_invalid_until_reset()
    {
        var decoder = new ChunkedDecoder();
        Assert.Equal(ChunkedStatus.Invalid, decoder.Decode(new ReadOnlySequence<byte>("x"u8.ToArray()), out _, out _, out _));
        Assert.Equal(ChunkedStatus.Invalid, decoder.Decode(new ReadOnlySequence<byte>("0\r\n\r\n"u8.ToArray()), out _, out _, out _));
        decoder.Reset();
        Assert.Equal(ChunkedStatus.End, decoder.Decode(new ReadOnlySequence<byte>("0\r\n\r\n"u8.ToArray()), out _, out _, out _));
    }

    [Fact]
    public void Decoding_allocates_nothing_after_warm_up()
    {
        var decoder = new ChunkedDecoder();
        var body = new ReadOnlySequence<byte>("5;a\r\nhello\r\n0\r\nA: b\r\n\r\n"u8.ToArray());
        DecodeAndReset(200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        DecodeAndReset(200);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void DecodeAndReset(int times)
        {
            for (int time = 0; time < times; time++)
            {
                decoder.Decode(body, out _, out SequencePosition consumed, out _);
                decoder.Decode(body.Slice(consumed), out _, out _, out _);
                decoder.Reset();
            }
        }
    }

    private static ChunkedStatus DecodeWhole(string body) =>
        Decode(new Arrival(Encoding.Latin1.GetBytes(body), [], arrivesAtOnce: true)).Status;

    private static Outcome Decode(Arrival arrival)
    {
        var decoder = new ChunkedDecoder();
        var decoded = new StringBuilder();
        ChunkedStatus status = ChunkedStatus.NeedMore;
        while (status is ChunkedStatus.NeedMore or ChunkedStatus.Data && arrival.TryRead(out ReadOnlySequence<byte> buffer))
        {
            status = decoder.Decode(buffer, out ReadOnlySequence<byte> data, out SequencePosition consumed, out SequencePosition examined);
            Assert.Equal(status == ChunkedStatus.Data, !data.IsEmpty);
            decoded.Append(Encoding.Latin1.GetString(data.ToArray()));
            arrival.AdvanceTo(consumed, examined);
        }

        return new Outcome(status, decoded.ToString(), arrival.Consumed);
    }

    private sealed record Outcome(ChunkedStatus Status, string Data, int Consumed);
}
