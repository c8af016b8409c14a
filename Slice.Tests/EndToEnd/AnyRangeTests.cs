using Slice.Core.Http;
using Slice.Core.Ranges;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Range values made by mutation, over a socket: every byte that is sent is at its place, none is sent twice, and none that was asked for
/// is missing.
/// </summary>
public sealed class AnyRangeTests
{
    private const int LengthBytes = 4096;

    // limits.max_ranges by default.
    private const int MaxRanges = 200;

    private static readonly FuzzGrammar s_grammar = RangeFuzz.Grammar with
    {
        Seeds =
        [
            .. RangeFuzz.Grammar.Seeds,
            "bytes=0-9,500-509,-5", "bytes=3000-3001,100-299,2000-", "bytes=4000-,0-99,1000-1010,9999-",
            "bytes=0-4095,0-0", "bytes=63-64,127-128,1000-1000",
        ],
        Words = [.. RangeFuzz.Grammar.Words, "4095-", "4096-", "64-127", "-4096", "2000-2001,", "1000-1001"],
    };

    private readonly RangeFile _file = new(LengthBytes) { ExtraFields = ["Content-Type: video/mp4", "Cache-Control: max-age=60"] };

    [Fact]
    [Trait("Behaviour", "B2")]
    [Trait("Behaviour", "B4")]
    [Trait("Behaviour", "B7")]
    [Trait("Behaviour", "B8")]
    public async Task Any_range_gets_the_bytes_it_names()
    {
        int inputs = (int)Math.Min(FuzzRun.Iterations(400), 1_000_000);
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 64);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        var mutator = new FuzzMutator(s_grammar);
        int multiparts = 0;
        foreach (ulong seed in FuzzRun.Seeds())
        {
            for (ulong number = 0; number < (ulong)inputs; number++)
            {
                string value = Wire.Text(mutator.Make(seed + number)).Trim(' ', '\t');
                if (value.Any(character => character is not '\t' and (< ' ' or '\u007f')))
                {
                    continue;
                }

                // Some of objects that nobody has asked for yet.
                await client.SendAsync(RawClient.Request("GET", number % 20 == 0 ? $"/{seed}/{number}" : "/file", "Range: " + value));
                var response = await client.ReadResponseAsync();
                try
                {
                    Check(value, response);
                    multiparts += IsMultipart(response) ? 1 : 0;
                }
                catch (Exception failure)
                {
                    throw new InvalidOperationException(
                        $"range {number} of SLICE_FUZZ_SEED={seed} fails: {Wire.Show(Wire.Bytes(value))}", failure);
                }
            }
        }

        // How many of the made values have several parts is chance; that some of the seeds have is not.
        foreach (string seed in s_grammar.Seeds)
        {
            await client.SendAsync(RawClient.Request("GET", "/file", "Range: " + seed.Trim(' ', '\t')));
            var response = await client.ReadResponseAsync();
            Check(seed.Trim(' ', '\t'), response);
            multiparts += IsMultipart(response) ? 1 : 0;
        }

        Assert.InRange(multiparts, 3, int.MaxValue);
    }

    private void Check(string value, RawResponse response)
    {
        var (kind, specs) = RangeFuzz.Read(value, MaxRanges);
        List<ByteRange> wanted = RangeFuzz.Resolve(specs, LengthBytes);
        if (kind == RangeFieldKind.Ignored)
        {
            Assert.Equal(200, response.StatusCode);
        }
        else if (wanted.Count == 0)
        {
            Assert.Equal((416, $"bytes */{LengthBytes}"), (response.StatusCode, response.Field("Content-Range")));
            return;
        }

        if (response.StatusCode == 200)
        {
            // Of one range never; of several, when they are no cheaper than everything.
            Assert.True(kind == RangeFieldKind.Ignored || specs.Count > 1);
            Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body);
            return;
        }

        Assert.Equal(206, response.StatusCode);
        List<ByteRange> parts = IsMultipart(response) ? ReadParts(response) : [ReadPart(response.Field("Content-Range")!, response.Body)];
        Assert.True(parts.Count > 1 || !IsMultipart(response), "one part, and yet multipart");
        Assert.True(specs.Count > 1 || parts.SequenceEqual(wanted), "not the bytes of the one range");
        Assert.All(wanted, range => Assert.Contains(parts, part => part.Contains(range)));
        Assert.True(response.BodyBytes <= LengthBytes, "more than the object has");
        Assert.All(parts, part => Assert.Single(parts, other => !other.Intersect(part).IsEmpty));
    }

    private static bool IsMultipart(RawResponse response) =>
        response.Field("Content-Type")?.StartsWith("multipart/byteranges; boundary=", StringComparison.Ordinal) == true;

    private List<ByteRange> ReadParts(RawResponse response)
    {
        string boundary = response.Field("Content-Type")!.Split("boundary=")[1];
        string[] pieces = response.BodyText.Split("\r\n--" + boundary);
        Assert.Equal(("", "--\r\n"), (pieces[0], pieces[^1]));
        List<ByteRange> parts = [];
        foreach (string piece in pieces[1..^1])
        {
            int headEnd = piece.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            string[] lines = piece[..headEnd].Split("\r\n");
            Assert.Contains("Content-Type: video/mp4", lines);
            string contentRange = lines.Single(line => line.StartsWith("Content-Range: ", StringComparison.Ordinal));
            parts.Add(ReadPart(contentRange["Content-Range: ".Length..], Wire.Bytes(piece[(headEnd + 4)..])));
        }

        return parts;
    }

    private ByteRange ReadPart(string contentRange, byte[] bytes)
    {
        ContentRangeField field = ContentRangeField.Parse(Wire.Bytes(contentRange));
        Assert.Equal((ContentRangeKind.Range, (long)LengthBytes), (field.Kind, field.CompleteLength));
        Assert.Equal(TestContent.Bytes(field.Range.Start, (int)field.Range.Length, _file.Seed), bytes);
        return field.Range;
    }
}
