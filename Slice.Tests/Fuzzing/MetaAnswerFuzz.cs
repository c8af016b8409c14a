using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Slice.Net.SharedCache.Memcached;
using Slice.Tests.SharedCache.Memcached;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>Answers of Memcached: the value is the one that a reader with regular expressions finds, however the answer arrives.</summary>
public sealed partial class MetaAnswerFuzz
{
    private static readonly FuzzGrammar s_grammar = new()
    {
        Seeds =
        [
            "VA 2 t60 f0 c5 kkey\r\nhi\r\n",
            "VA 0 t-1 f1 c18446744073709551615 kkey\r\n\r\n",
            "VA 12 kkey c1 f2 t2147483647\r\n\r\nEN\r\nHD k\r\n\r\n",
            "EN kkey\r\nEN\r\n",
            "HD t1 f1 c1 kkey\r\n",
            "NF kkey\r\n",
            "NS\r\n",
            "EX kkey\r\n",
            "SERVER_ERROR out of memory storing object\r\n",
            "CLIENT_ERROR bad data chunk\r\n",
            "VA 1000 t1 f0 c5 kkey\r\n",
        ],
        Words =
        [
            "\r\n", "\n", "\r", " ", "  ", "\t", "\0", "VA ", "VA 2", "HD", "EN", "NF", "NS", "EX", "MN", "ERROR", "SERVER_ERROR ",
            " kkey", " kKEY", " k", " t60", " t-1", " t-2", " f0", " c5", " s2", " W", " Ox", " X", "hi\r\n", "\u0080",
            "18446744073709551616",
        ],
        Separator = " ",
    };

    [Fact]
    public Task Any_bytes_are_the_same_answer_however_they_arrive() => FuzzRun.RunAsync(s_grammar, 10_000, Check);

    private static void Check(byte[] input)
    {
        var whole = MetaReading.Read(new Arrival(input, [], arrivesAtOnce: true));
        int[] everyByte = [.. Enumerable.Range(1, Math.Max(0, input.Length - 1))];
        var random = new FuzzRandom((ulong)input.Length);
        int[] someCuts = [.. everyByte.Where(_ => random.OneIn(8))];
        Assert.Equal(whole, MetaReading.Read(new Arrival(input, everyByte, arrivesAtOnce: false)));
        Assert.Equal(whole, MetaReading.Read(new Arrival(input, someCuts, arrivesAtOnce: false)));

        var expected = ByExpressions(Wire.Text(input));
        Assert.Equal(expected is null, whole.Answer is null);
        if (expected is { } both)
        {
            Assert.Equal(both.Value, whole.Value);
            Assert.Equal(both.Fields.Order(StringComparer.Ordinal), FieldsOf(whole.Answer!.Value).Order(StringComparer.Ordinal));
        }
    }

    private static List<string> FieldsOf(MetaAnswer answer)
    {
        List<string> fields = [];
        Add(MetaFields.Key, "kkey");
        Add(MetaFields.Remaining, string.Create(CultureInfo.InvariantCulture, $"t{answer.RemainingSeconds}"));
        Add(MetaFields.ClientFlags, string.Create(CultureInfo.InvariantCulture, $"f{answer.ClientFlags}"));
        Add(MetaFields.Cas, string.Create(CultureInfo.InvariantCulture, $"c{answer.Cas}"));
        return fields;

        void Add(MetaFields field, string text)
        {
            if (answer.Fields.HasFlag(field))
            {
                fields.Add(text);
            }
        }
    }

    // The same language; null where it is not spoken.
    private static (string Value, string[] Fields)? ByExpressions(string input)
    {
        if (Line().Match(input) is not { Success: true } line)
        {
            return null;
        }

        string[] flags = line.Groups["flags"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string letters = string.Concat(flags.Select(flag => flag[0]).Order());
        bool isInRange = flags.All(flag => flag == "t-1" || flag[0] == 'k' || BigInteger.Parse(flag[1..], CultureInfo.InvariantCulture)
            <= flag[0] switch { 't' => int.MaxValue, 'f' => uint.MaxValue, _ => ulong.MaxValue });
        bool isValue = line.Groups["length"].Success;
        bool isWhole = isValue || line.Value.StartsWith("HD", StringComparison.Ordinal)
            ? letters == "cfkt"
            : letters.Distinct().Count() == letters.Length;
        if (!isInRange || !isWhole)
        {
            return null;
        }

        string[] fields = [.. flags.Select(flag => flag is "t-1" or "kkey" ? flag : flag[0] + Plain(flag[1..]))];
        if (!isValue)
        {
            return ("", fields);
        }

        var length = BigInteger.Parse(line.Groups["length"].Value, CultureInfo.InvariantCulture);
        string rest = input[line.Length..];
        return length <= MetaReading.LongestValue && length + 2 <= rest.Length && rest.Substring((int)length, 2) == "\r\n"
            ? (rest[..(int)length], fields)
            : null;
    }

    private static string Plain(string digits) =>
        BigInteger.Parse(digits, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A(?:VA (?<length>[0-9]+)|HD|EN|NF|NS|EX)(?<flags>(?: (?:kkey|t-1|[tfc][0-9]+))*)\r\n")]
    private static partial Regex Line();
}
