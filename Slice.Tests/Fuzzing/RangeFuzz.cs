using System.Numerics;
using System.Text.RegularExpressions;
using Slice.Core.Http;
using Slice.Core.Ranges;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// Range (RFC 9110 §14.2), against the same rules in numbers without end: nothing overflows, nothing is out of the object.
/// </summary>
public sealed partial class RangeFuzz
{
    /// <summary>Also of requests over a socket.</summary>
    internal static FuzzGrammar Grammar { get; } = new()
    {
        Seeds =
        [
            "bytes=0-0", "bytes=0-", "bytes=-5", "bytes=1048576-2097151", "BYTES=0-4 , 5-9,\t-1,, 7-", "bytes=5-2", "bytes=", "bytes=-",
            "bytes=-0", "items=0-1",
            "bytes=0-9223372036854775807", "bytes=9223372036854775808-18446744073709551616", "bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0",
        ],
        Words =
        [
            "bytes=", "bytes =", "-", "--", ",", ", ", " ", "\t", "0-0", "5-2", "-1", "-0", "1-",
            "x", "+1-2", "0x1-2", "1.5-2", "=", "\0", "\u0661-2",
        ],
        Separator = ",",
        LongestInput = 200,
    };

    private static readonly long[] s_lengths = [0, 1, 2, 16, 100, 1L << 32, (1L << 53) + 1, long.MaxValue - 1, long.MaxValue];

    [Fact]
    [Trait("Behaviour", "B2")]
    [Trait("Behaviour", "B4")]
    [Trait("Behaviour", "B5")]
    public Task Any_value_means_what_exact_arithmetic_says() => FuzzRun.RunAsync(Grammar, 12_000, Check);

    private static void Check(byte[] input)
    {
        Span<RangeSpec> specs = stackalloc RangeSpec[8];
        RangeFieldKind kind = RangeField.TryParse(input, specs, out int count);
        (RangeFieldKind expectedKind, List<(BigInteger? First, BigInteger? Last)> expected) = Read(Wire.Text(input), specs.Length);
        Assert.Equal((expectedKind, expected.Count), (kind, count));
        foreach (long length in s_lengths)
        {
            CheckResolved(specs[..count], expected, length);
        }

        if (kind == RangeFieldKind.Specs)
        {
            string again = "bytes=" + string.Join(',', specs[..count].ToArray().Select(Text));
            Span<RangeSpec> second = stackalloc RangeSpec[8];
            Assert.Equal(RangeFieldKind.Specs, RangeField.TryParse(Wire.Bytes(again), second, out int secondCount));
            Assert.Equal(specs[..count].ToArray(), second[..secondCount].ToArray());

            // One less than needed is too many.
            Assert.Equal(RangeFieldKind.Ignored, RangeField.TryParse(input, second[..(count - 1)], out _));
        }
    }

    private static void CheckResolved(ReadOnlySpan<RangeSpec> specs, List<(BigInteger? First, BigInteger? Last)> expected, long length)
    {
        Span<ByteRange> ranges = stackalloc ByteRange[8];
        int count = RangeField.Resolve(specs, length, ranges);
        Assert.Equal(Resolve(expected, length), ranges[..count].ToArray());
    }

    /// <summary>The bytes that ranges mean of an object of this length, without those that mean none.</summary>
    internal static List<ByteRange> Resolve(List<(BigInteger? First, BigInteger? Last)> ranges, long length)
    {
        List<ByteRange> wanted = [];
        foreach ((BigInteger? first, BigInteger? last) in ranges)
        {
            BigInteger start = first ?? BigInteger.Max(0, length - last!.Value);
            BigInteger end = first is null || last is null ? length : BigInteger.Min(last.Value + 1, length);
            if (start < length && start < end)
            {
                wanted.Add(new ByteRange((long)start, (long)end));
            }
        }

        return wanted;
    }

    /// <summary>The field by the same rules, in numbers without end: a first and a last position, of which one may be missing.</summary>
    internal static (RangeFieldKind Kind, List<(BigInteger? First, BigInteger? Last)> Ranges) Read(string value, int room)
    {
        List<(BigInteger? First, BigInteger? Last)> ranges = [];
        if (!value.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
        {
            return (RangeFieldKind.Ignored, ranges);
        }

        bool isInvalid = false;
        IEnumerable<string> elements = value["bytes=".Length..].Split(',')
            .Select(text => text.Trim(' ', '\t'))
            .Where(text => text.Length > 0);
        foreach (string element in elements)
        {
            Match match = Spec().Match(element);
            if (!match.Success || ranges.Count == room)
            {
                return (RangeFieldKind.Ignored, []);
            }

            BigInteger? first = Number(match.Groups[1].Value);
            BigInteger? last = Number(match.Groups[2].Value);

            // Both beyond any object: in which order cannot matter, and is not looked at.
            isInvalid |= first is null ? last is null : BigInteger.Min(first.Value, long.MaxValue) > (last ?? long.MaxValue);
            ranges.Add((first, last));
        }

        bool isNone = isInvalid || ranges.Count == 0;
        return isNone ? (RangeFieldKind.Invalid416, []) : (RangeFieldKind.Specs, ranges);
    }

    private static BigInteger? Number(string digits) =>
        digits.Length == 0 ? null : BigInteger.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);

    private static string Text(RangeSpec spec) => spec.IsSuffix ? $"-{spec.SuffixLength}" : $"{spec.First}-{spec.Last}";

    [GeneratedRegex(@"\A([0-9]*)-([0-9]*)\z")]
    private static partial Regex Spec();
}
