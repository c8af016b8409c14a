using System.Text.RegularExpressions;

namespace Slice.Host.Configuration;

/// <summary>
/// Recognizes keys and entries of lists that have become one single value, because YAML wants a space behind <c>:</c> and <c>-</c>.
/// </summary>
internal static partial class SpaceHint
{
    private const string BehindColon = "a space belongs behind the colon";
    private const string BehindHyphen = "a space belongs behind the hyphen of each entry";

    /// <summary>
    /// What is missing in a value that stands where a section or a file of keys is expected; null when something else is wrong.
    /// </summary>
    public static string? OfSection(ConfigurationNode node) =>
        node is ConfigurationScalar { IsPlain: true } scalar && KeyAndValue().IsMatch(scalar.Text) ? BehindColon : null;

    /// <summary>What is missing in a value that stands where a list is expected; null when something else is wrong.</summary>
    public static string? OfList(ConfigurationNode node) =>
        node is ConfigurationScalar { IsPlain: true, Text: ['-', not '-', ..] } ? BehindHyphen : null;

    /// <summary>The same for an entry that has swallowed the next one, <c>a -b</c>.</summary>
    public static string? OfEntry(string entry) => SwallowedEntry().IsMatch(entry) ? BehindHyphen : null;

    /// <summary>The place behind the hyphen of a line that is an entry without its space; 0 when it is none.</summary>
    public static int ColumnBehindHyphen(string line) => EntryWithoutSpace().Match(line).Length;

    // A URL has a slash behind its colon, and no key has one.
    [GeneratedRegex(@"\A[a-z_0-9.]+:(?=[^\s/])")]
    private static partial Regex KeyAndValue();

    // Not in a class of characters, [ -~].
    [GeneratedRegex(@"\A[^\[]*\s-[\^/\\.(]")]
    private static partial Regex SwallowedEntry();

    [GeneratedRegex(@"^ *-(?=[^\s-])")]
    private static partial Regex EntryWithoutSpace();
}
