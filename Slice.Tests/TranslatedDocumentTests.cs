using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests;

/// <summary>
/// Documents in Chinese stay in step with the English ones: as many headings of each level in the same order, the same rows in tables, and
/// the same commands and configurations, byte for byte.
/// </summary>
public sealed partial class TranslatedDocumentTests
{
    public static TheoryData<string, string> Pairs => new()
    {
        { "README.md", "README.zh.md" },
        { "docs/deployment.md", "docs/deployment.zh.md" },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Headings_have_the_same_levels_in_the_same_order(string english, string chinese) =>
        Assert.Equal(Levels(english), Levels(chinese));

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Commands_and_configurations_are_equal(string english, string chinese)
    {
        string[] blocks = Blocks(english);
        Assert.NotEmpty(blocks);
        Assert.Equal(blocks, Blocks(chinese));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Tables_have_as_many_rows_and_columns(string english, string chinese) =>
        Assert.Equal(TableRows(english), TableRows(chinese));

    // What stands in backquotes is a name or a value of the program, which no language changes.
    [Theory]
    [MemberData(nameof(Pairs))]
    public void First_column_of_tables_has_the_same_names(string english, string chinese) =>
        Assert.Equal(NamesInTables(english), NamesInTables(chinese));

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Each_document_links_to_the_other_and_the_translation_is_one(string english, string chinese)
    {
        Assert.Contains($"]({Path.GetFileName(chinese)})", Repository.Read(english), StringComparison.Ordinal);
        Assert.Contains($"]({Path.GetFileName(english)})", Repository.Read(chinese), StringComparison.Ordinal);

        // Every section has text of its own in Chinese, unless it is made of commands or sections only.
        string prose = Fence().Replace(Repository.Read(chinese), "");
        Assert.All(
            prose.Split("\n## ").Skip(1),
            section => Assert.True(Han().Count(section) >= 20, section.Split('\n')[0]));
    }

    private static int[] Levels(string path) =>
        [.. Heading().Matches(Fence().Replace(Repository.Read(path), "")).Select(match => match.Groups[1].Length)];

    // Between fences, or indented by four spaces behind an empty line.
    private static string[] Blocks(string path)
    {
        string text = Repository.Read(path);
        return
        [
            .. Fence().Matches(text).Select(match => match.Value),
            .. Indented().Matches(Fence().Replace(text, "")).Select(match => match.Groups[1].Value),
        ];
    }

    private static int[] TableRows(string path) =>
        [.. Fence().Replace(Repository.Read(path), "").Split('\n')
            .Where(line => line.StartsWith('|')).Select(line => line.Count(character => character == '|'))];

    private static string[] NamesInTables(string path) =>
        [.. Fence().Replace(Repository.Read(path), "").Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('|')[1].Trim())];

    [GeneratedRegex("^(#+) ", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("^ *```.*?^ *```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("(?<=\n\n)((?:    [^\n]*\n)+)")]
    private static partial Regex Indented();

    [GeneratedRegex("[\u4e00-\u9fff]")]
    private static partial Regex Han();
}
