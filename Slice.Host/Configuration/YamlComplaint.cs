using System.Text.RegularExpressions;

namespace Slice.Host.Configuration;

/// <summary>
/// Says what is wrong with a file that is not YAML. The parser knows where it stopped, and says in terms of its grammar why; here the line
/// is looked at for the mistakes that people make. No value of the file is repeated but an address: it may be a secret.
/// </summary>
/// <param name="Line">Where the mistake is, from 1.</param>
/// <param name="Column">Where in the line, from 1.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Allowed">What to write; null when the problem says it all.</param>
internal sealed partial record YamlComplaint(int Line, int Column, string Problem, string? Allowed)
{
    /// <summary>Explains what the parser found.</summary>
    /// <param name="text">The whole file.</param>
    /// <param name="line">The line that the parser names, from 1; the mistake may be on the one before or after.</param>
    /// <param name="column">The column, from 1.</param>
    /// <param name="message">What the parser says, for when nothing better is found.</param>
    public static YamlComplaint Of(string text, int line, int column, string message)
    {
        string[] lines = text.Split('\n');
        string At(int number) => number >= 1 && number <= lines.Length ? lines[number - 1].TrimEnd('\r') : "";
        return OfWholeFile(text)
            ?? OfTab(lines, line, message)
            ?? OfAddress(At(line), line)
            ?? OfQuotes(line, column, message)
            ?? OfBareValue(At(line), line, message)
            ?? OfOpenBracket(text, message)
            ?? OfMissingSpace(At(line), line)
            ?? OfMissingSpace(At(line - 1), line - 1)
            ?? OfLayout(At(line), line, column, message)
            ?? new YamlComplaint(line, column, message.TrimEnd('.'), null);
    }

    private static YamlComplaint? OfWholeFile(string text) =>
        RootHint.Describe(text) is { } syntax ? new(1, 1, syntax, "KEY: VALUE lines") : null;

    // The parser stops at the line before, or at the key above.
    private static YamlComplaint? OfTab(string[] lines, int line, string message)
    {
        if (!message.Contains("tab", StringComparison.Ordinal) && !StartsWithTab(lines, line))
        {
            return null;
        }

        for (int number = line; number <= lines.Length; number++)
        {
            int tab = StartsWithTab(lines, number) ? lines[number - 1].IndexOf('\t', StringComparison.Ordinal) : -1;
            if (tab >= 0)
            {
                return new(number, tab + 1, "a tab in the indentation", "spaces");
            }
        }

        return null;
    }

    private static bool StartsWithTab(string[] lines, int line)
    {
        string text = line <= lines.Length ? lines[line - 1] : "";
        return text.AsSpan(0, text.Length - text.AsSpan().TrimStart().Length).Contains('\t');
    }

    private static YamlComplaint? OfAddress(string text, int line)
    {
        Match match = BareAddress().Match(text);
        string address = match.Value;
        return match.Success
            ? new(line, match.Index + 1, $"{address}: YAML takes the brackets for a list", $"the address in quotes, '{address}'")
            : null;
    }

    private static YamlComplaint? OfQuotes(int line, int column, string message)
    {
        if (message.Contains("unknown escape", StringComparison.Ordinal))
        {
            return new(
                line, column, "in double quotes a backslash begins an escape, and this one is none",
                "\\\\ for each \\, or single quotes around the value");
        }

        return message.Contains("quoted scalar", StringComparison.Ordinal)
            ? new(line, column, "a quote that is not closed", "a closing quote on the same line")
            : null;
    }

    private static YamlComplaint? OfBareValue(string text, int line, string message)
    {
        Match match = BareValue().Match(text);
        return !match.Success ? null : (match.Groups[1].Value[0], message) switch
        {
            ('*', _) when message.Contains("alias", StringComparison.Ordinal) =>
                Quotes("* begins an alias in YAML, and no anchor above has this name"),
            ('@' or '`' or '%', _) => Quotes($"{match.Groups[1].Value[0]} cannot begin a value in YAML"),
            ('[', _) when IsUnexpected(message) && ListAndMore().IsMatch(match.Groups[1].Value) =>
                Quotes("[ begins a list in YAML, and something follows its end"),
            _ when QuotedAndMore().IsMatch(match.Groups[1].Value) => Quotes("something follows the closing quote"),
            _ => null,
        };

        YamlComplaint Quotes(string problem) => new(line, match.Groups[1].Index + 1, problem, "the whole value in quotes");
    }

    private static YamlComplaint? OfOpenBracket(string text, string message)
    {
        bool mayBeOpen =
            message.Contains("not understood", StringComparison.Ordinal) || message.Contains("flow", StringComparison.Ordinal);
        if (!mayBeOpen || OpenBracket.Find(text) is not { } open)
        {
            return null;
        }

        char closing = open.Bracket == '[' ? ']' : '}';
        return new(open.Line, open.Column, $"a {open.Bracket} that is not closed", $"a {closing} at its end");
    }

    private static YamlComplaint? OfMissingSpace(string text, int line) => KeyWithoutSpace().Match(text) is { Success: true } match
        ? new(line, match.Length, "no space behind the colon", "KEY: VALUE")
        : SpaceHint.ColumnBehindHyphen(text) is > 0 and var column ? new(line, column, "no space behind the hyphen", "- VALUE")
        : null;

    private static YamlComplaint? OfLayout(string text, int line, int column, string message)
    {
        if (message.Contains("invalid mapping", StringComparison.Ordinal))
        {
            return new(
                line, column, "a colon where a value is: the line is indented deeper than its neighbours, or the value needs quotes",
                "keys of one section in one column; a value with a colon and a space in quotes");
        }

        if (message.Contains("Block sequence entries are not allowed", StringComparison.Ordinal))
        {
            return new(line, column, "- begins an entry of a list", "each entry on a line of its own, below the key");
        }

        return IsUnexpected(message)
            ? new(
                line, column,
                text.TrimStart(' ').StartsWith("- ", StringComparison.Ordinal)
                    ? "an entry of a list where a key is expected"
                    : "not in the column of the keys above",
                "keys of one section in one column, and below their section two spaces deeper")
            : null;
    }

    private static bool IsUnexpected(string message) => message.Contains("did not find expected", StringComparison.Ordinal);

    // An IPv6 address and its port, after a space or a bracket and not after a quote.
    [GeneratedRegex(@"(?<=[\s\[,])\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]:\d+")]
    private static partial Regex BareAddress();

    [GeneratedRegex(@"^\s*(?:- +)?(?:[\w.]+: +)?(\S.*)$")]
    private static partial Regex BareValue();

    [GeneratedRegex(@"^\[[^\]]*\][^\s#]")]
    private static partial Regex ListAndMore();

    [GeneratedRegex(@"^""(?:[^""\\]|\\.)*""\s*[^\s#]|^'(?:[^']|'')*'\s*[^\s#']")]
    private static partial Regex QuotedAndMore();

    // A line that begins with a key of ours and the colon, and goes on at once.
    [GeneratedRegex(@"^ *[a-z_0-9]+:(?=[^\s/])")]
    private static partial Regex KeyWithoutSpace();
}
