using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Slice.Core.Http;
using Slice.Core.Ranges;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// Content-Range (RFC 9110 §14.4): what an origin says about the place of bytes is exact and within the object, or refused.
/// </summary>
public sealed partial class ContentRangeFuzz
{
    private static readonly FuzzGrammar s_grammar = new()
    {
        Seeds =
        [
            "bytes 0-0/1", "bytes 1048576-2097151/735051776", "BYTES 0-9/*", "bytes */10", "bytes */0", "bytes */*", "bytes 5-2/10",
            "bytes 0-10/10",
            "bytes 9223372036854775806-9223372036854775807/*", "bytes 0-9223372036854775806/9223372036854775807",
        ],
        Words = ["bytes ", "bytes=", "bytes", " ", "  ", "\t", "-", "/", "*", "*/", "/*", "0-0", "x", "+", ",", "\0", "\u0662"],
        Separator = "/",
        LongestInput = 120,
    };

    [Fact]
    [Trait("Behaviour", "B5")]
    [Trait("Behaviour", "B16")]
    public Task Any_value_is_exact_or_refused() => FuzzRun.RunAsync(s_grammar, 150_000, Check);

    private static void Check(byte[] input)
    {
        ContentRangeField field = ContentRangeField.Parse(input);
        Assert.Equal(Read(Wire.Text(input)), field);
        Span<byte> written = stackalloc byte[ContentRangeField.MaxBytes];
        switch (field.Kind)
        {
            case ContentRangeKind.Range:
                written = written[..ContentRangeField.Write(field.Range, field.CompleteLength, written)];
                break;
            case ContentRangeKind.Unsatisfied:
                written = written[..ContentRangeField.WriteUnsatisfied(field.CompleteLength, written)];
                break;
            default:
                return;
        }

        Assert.Equal(field, ContentRangeField.Parse(written));
    }

    private static ContentRangeField Read(string value)
    {
        var invalid = new ContentRangeField(ContentRangeKind.Invalid, default, -1);
        Match match = Field().Match(value);
        if (!match.Success)
        {
            return invalid;
        }

        BigInteger? first = Number(match.Groups["first"]);
        BigInteger? last = Number(match.Groups["last"]);
        BigInteger? length = Number(match.Groups["length"]);
        bool isImpossible = length > long.MaxValue
            || last >= long.MaxValue
            || last < first
            || last >= length
            || (first is null && length is null);
        if (isImpossible)
        {
            return invalid;
        }

        ContentRangeKind kind = first is null
            ? ContentRangeKind.Unsatisfied
            : length is null
            ? ContentRangeKind.RangeOfUnknownLength
            : ContentRangeKind.Range;
        ByteRange range = first is null ? default : new ByteRange((long)first, (long)last! + 1);
        return new ContentRangeField(kind, range, (long)(length ?? -1));
    }

    private static BigInteger? Number(Group digits) => digits.Success ? BigInteger.Parse(digits.Value, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"\A[bB][yY][tT][eE][sS] (?:\*|(?<first>[0-9]+)-(?<last>[0-9]+))/(?:\*|(?<length>[0-9]+))\z")]
    private static partial Regex Field();
}
