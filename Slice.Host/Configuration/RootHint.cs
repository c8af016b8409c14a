using System.Text.RegularExpressions;

namespace Slice.Host.Configuration;

/// <summary>Recognizes a file in the syntax of another program.</summary>
internal static partial class RootHint
{
    /// <summary>What a file that is one single value to YAML seems to be, or null.</summary>
    public static string? Describe(ConfigurationNode root) => root is ConfigurationScalar scalar ? Describe(scalar.Text) : null;

    /// <summary>The same of a text. YAML joins the lines of a single value by spaces, so line ends do not matter.</summary>
    public static string? Describe(string text) =>
        Nginx().IsMatch(text) ? "the syntax of nginx; see docs/migrating-from-nginx-slice.md"
        : Assignment().IsMatch(text) ? "KEY = VALUE, with a colon in YAML"
        : null;

    // `listen 80;`, `server {`. At the begin, so that a value further down, such as an expression, decides nothing.
    [GeneratedRegex(@"\A\s*(?:#.*\n\s*)*[a-z_]+(?:[ \t]+[^\s#:;{}]\S*)*[ \t]*[;{](?:\s|\z)")]
    private static partial Regex Nginx();

    [GeneratedRegex(@"\A\s*(?:#.*\n\s*)*[A-Za-z_.]+\s*=")]
    private static partial Regex Assignment();
}
