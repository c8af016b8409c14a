using System.Buffers;
using System.Globalization;
using System.Text.RegularExpressions;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// Chunked bodies (RFC 9112 §7.1): the data and the end are those that a reader by whole lines finds, however the body arrives.
/// </summary>
public sealed partial class ChunkedBodyFuzz
{
    private static readonly FuzzGrammar s_grammar = new()
    {
        Seeds =
        [
            "0\r\n\r\n",
            "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET / HTTP/1.1\r\n",
            "a\r\n0123456789\r\nA\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n",
            "0000000000000005;a=b;c=\"d\" \t\r\nhello\r\n0 ;e\r\nTrailer: x\r\nContent-Length: 5\r\n\r\n",
            "7fffffffffffffff\r\nx",
            "10\r\n0\r\n\r\n0\r\n\r\n0\r\n\r\n0\r\n0\r\n\r\n",
        ],
        Words =
        [
            "\r\n", "\n", "\r", "0\r\n\r\n", "1\r\nx\r\n", "5", "f", "F", "g", "0x1", "-1", "+1", " ", "\t", ";", ";a=b", ";\"\r\n\"",
            "8000000000000000",
            "ffffffffffffffff", "10000000000000000", "00000000000000000", "A: b\r\n", "A: b\n", "\0", "\u0085",
        ],
        Separator = "\r\n",
    };

    [Fact]
    [Trait("Behaviour", "B38")]
    public Task Any_bytes_hold_the_same_data_however_they_arrive() => FuzzRun.RunAsync(s_grammar, 10_000, Check);

    private static void Check(byte[] input)
    {
        Outcome whole = Decode(new Arrival(input, [], arrivesAtOnce: true));
        int[] everyByte = [.. Enumerable.Range(1, Math.Max(0, input.Length - 1))];
        var random = new FuzzRandom((ulong)input.Length);
        int[] someCuts = [.. everyByte.Where(_ => random.OneIn(8))];
        Assert.Equal(whole, Decode(new Arrival(input, everyByte, arrivesAtOnce: false)));
        Assert.Equal(whole, Decode(new Arrival(input, someCuts, arrivesAtOnce: true)));
        Assert.Equal(whole, Decode(new Arrival(input, someCuts, arrivesAtOnce: false)));

        Outcome? expected = ReadLines(Wire.Text(input));
        if (expected is not null)
        {
            Assert.Equal(expected, whole);
        }

        if (whole.Status == ChunkedStatus.End)
        {
            Assert.EndsWith("\r\n", Wire.Text(input)[..whole.Consumed], StringComparison.Ordinal);
            string again = whole.Data.Length == 0 ? "0\r\n\r\n" : $"{whole.Data.Length:x}\r\n{whole.Data}\r\n0\r\n\r\n";
            Assert.Equal(whole with { Consumed = again.Length }, Decode(new Arrival(Wire.Bytes(again), [], arrivesAtOnce: true)));
        }
    }

    private static Outcome Decode(Arrival arrival)
    {
        var decoder = new ChunkedDecoder();
        string data = "";
        ChunkedStatus status = ChunkedStatus.NeedMore;
        while (status is ChunkedStatus.NeedMore or ChunkedStatus.Data && arrival.TryRead(out ReadOnlySequence<byte> buffer))
        {
            status = decoder.Decode(buffer, out ReadOnlySequence<byte> piece, out SequencePosition consumed, out SequencePosition examined);
            Assert.Equal(status == ChunkedStatus.Data, !piece.IsEmpty);
            data += Wire.Text(piece.ToArray());
            arrival.AdvanceTo(consumed, examined);
        }

        if (status == ChunkedStatus.Invalid)
        {
            // It stays so, whatever comes.
            Assert.Equal(ChunkedStatus.Invalid, decoder.Decode(new ReadOnlySequence<byte>("0\r\n\r\n"u8.ToArray()), out _, out _, out _));
        }

        // Data to the very end is as unfinished as no data.
        return new Outcome(
            status == ChunkedStatus.Data ? ChunkedStatus.NeedMore : status, data, status == ChunkedStatus.Invalid ? 0 : arrival.Consumed);
    }

    // The same language by whole lines; null where the input ends within a line, which may be refused already or not.
    private static Outcome? ReadLines(string input)
    {
        string data = "";
        int at = 0;
        while (true)
        {
            int lineEnd = input.IndexOf("\r\n", at, StringComparison.Ordinal);
            if (lineEnd < 0)
            {
                return null;
            }

            Match line = SizeLine().Match(input[at..lineEnd]);
            at = lineEnd + 2;
            if (!line.Success
                || !long.TryParse(line.Groups[1].Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long size)
                || size < 0)
            {
                return new Outcome(ChunkedStatus.Invalid, data, 0);
            }

            if (size == 0)
            {
                return ReadTrailers(input, at, data);
            }

            int length = (int)Math.Min(size, input.Length - at);
            data += input.Substring(at, length);
            at += length;
            if (size >= input.Length - at + length || at + 2 > input.Length)
            {
                return at == input.Length ? new Outcome(ChunkedStatus.NeedMore, data, at) : null;
            }

            if (input[at..(at + 2)] != "\r\n")
            {
                return new Outcome(ChunkedStatus.Invalid, data, 0);
            }

            at += 2;
        }
    }

    private static Outcome? ReadTrailers(string input, int at, string data)
    {
        while (true)
        {
            int lineEnd = input.IndexOf("\r\n", at, StringComparison.Ordinal);
            if (lineEnd < 0)
            {
                return null;
            }

            string line = input[at..lineEnd];
            at = lineEnd + 2;
            if (line.Length == 0)
            {
                return new Outcome(ChunkedStatus.End, data, at);
            }

            if (!TrailerLine().IsMatch(line))
            {
                return new Outcome(ChunkedStatus.Invalid, data, 0);
            }
        }
    }

    [GeneratedRegex(@"\A([0-9A-Fa-f]{1,16})(?:(?=[^;]*;.{0,255}\z)[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\z")]
    private static partial Regex SizeLine();

    [GeneratedRegex(@"\A[\t\x20-\x7e\x80-\xff]*\z")]
    private static partial Regex TrailerLine();

    private sealed record Outcome(ChunkedStatus Status, string Data, int Consumed);
}
