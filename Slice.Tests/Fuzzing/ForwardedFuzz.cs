using System.Text.RegularExpressions;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// Forwarded (RFC 7239 §4): read from its end, against the grammar from its beginning; and whatever a client has written, in the field
/// itself and in its Host, the element of the last proxy says what that proxy has meant.
/// </summary>
public sealed partial class ForwardedFuzz
{
    private static readonly FuzzGrammar s_grammar = new()
    {
        Seeds =
        [
            "for=192.0.2.1", "for=192.0.2.1;proto=https;by=203.0.113.4, For=\"[2001:db8::7]:80\";host=\"a,b\"",
            "proto=http;host=\"x;for=6.6.6.6;y\";for=1.2.3.4", "host=\"a\\\"b\\\\\" ; for=_x,,;, x=\"\"", "for=1;FOR=2, a=[b]:c;;b=d",
            "for=\", for=1.2.3.4;host=\"x,for=6.6.6.6;y=\"",
        ],
        Words = ["for=", "For", "host=", "proto=", "=", ";", ",", " ", "\t", "\"", "\\", "\\\"", "\\\\", ";;", ", ", "\"\"", "\u00e9"],
        Separator = ",",
        LongestInput = 300,
    };

    [Fact]
    [Trait("Behaviour", "B41")]
    public Task Any_line_reads_as_its_grammar_says_and_never_changes_what_stands_behind() => FuzzRun.RunAsync(s_grammar, 60_000, Check);

    private static void Check(byte[] input)
    {
        string text = Wire.Text(input);
        if (ReadByGrammar(text) is { } expected)
        {
            Assert.Equal(expected, Read(input));
        }

        string host = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        foreach (string separator in new[] { ",", " , " })
        {
            var elements = new ForwardedElements(Wire.Bytes($"{text}{separator}proto=http;host=\"{host}\";for=192.0.2.1"));
            Assert.True(elements.MoveToPrevious());
            Assert.Equal("192.0.2.1", Wire.Text(elements.For));
            Assert.Equal(text, Wire.Text(elements.Host));
            Assert.Equal("http", Wire.Text(elements.Proto));
        }
    }

    private static List<(string For, string Host, string Proto)> Read(byte[] line)
    {
        List<(string, string, string)> read = [];
        var elements = new ForwardedElements(line);
        while (elements.MoveToPrevious())
        {
            read.Add((Wire.Text(elements.For), Wire.Text(elements.Host), Wire.Text(elements.Proto)));
        }

        return read;
    }

    // Null for a line that breaks the grammar: of such a line only the end means something, and the grammar knows only whole lines.
    private static List<(string For, string Host, string Proto)>? ReadByGrammar(string line)
    {
        if (Line().Match(line) is not { Success: true } match)
        {
            return null;
        }

        List<(string, string, string)> read = [];
        foreach (string element in match.Groups["element"].Captures.Select(capture => capture.Value.Trim(' ', '\t')).Reverse())
        {
            var pairs = Pair().Matches(element).Select(pair => (Name: pair.Groups["name"].Value.ToUpperInvariant(), Pair: pair)).ToList();
            if (pairs.Count > 16 || pairs.DistinctBy(pair => pair.Name).Count() < pairs.Count)
            {
                read.Add(("", "", ""));
                return read;
            }

            if (element.Length > 0)
            {
                read.Add((ValueOf("FOR"), ValueOf("HOST"), ValueOf("PROTO")));
            }

            string ValueOf(string name) => pairs.Where(pair => pair.Name == name).Select(pair => TextOf(pair.Pair.Groups["value"].Value))
                .SingleOrDefault("");
        }

        return read;
    }

    private static string TextOf(string value) => value is ['"', .. var quoted, '"'] ? Escape().Replace(quoted, "$1") : value;

    private const string APair = """[!#$%&'*+\-.^_`|~0-9A-Za-z]+=(?>[!#$%&'*+\-.^_`|~0-9A-Za-z:\[\]]+|"(?>[^"\\]|\\.)*")""";
    private const string AnElement = $"""(?<element>[ \t]*(?:{APair}[ \t]*)?(?:;[ \t]*(?:{APair}[ \t]*)?)*)""";

    [GeneratedRegex($"^{AnElement}(?:,{AnElement})*\\z", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Line();

    [GeneratedRegex(
        """(?<name>[^=;" \t]+)=(?<value>"(?>[^"\\]|\\.)*"|[^;" \t]+)""",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Pair();

    [GeneratedRegex("""\\(.)""", RegexOptions.Singleline)]
    private static partial Regex Escape();
}
