using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Configuration;

/// <summary>docs/configuration.md has one row per key: default, what is allowed, whether a reload applies it, and what it means.</summary>
public sealed class ConfigurationDocumentTests
{
    [Fact]
    public void Tables_of_the_document_are_those_of_the_option_table()
    {
        string[] expected = [.. OptionTable.Keys.Select(
            key => $"| `{key.Name}` | {Default(key)} | {key.Allowed} | {Reload(key)} | {key.Summary} |")];
        string[] rows =
            [.. Repository.Read("docs/configuration.md").Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        Assert.Equal(expected, rows);
    }

    [Fact]
    public void Every_group_has_a_heading_and_advice()
    {
        string document = Repository.Read("docs/configuration.md");
        Assert.All(OptionTable.Keys.Select(key => key.Group).Distinct(), group =>
        {
            string section = document.Split($"\n## {group}\n")[1].Split("\n| key ")[0];
            Assert.True(section.Trim().Length > 100, group);
        });
    }

    private static string Reload(OptionKey key) => key.Reload == OptionReload.Live ? "live" : "restart";

    private static string Default(OptionKey key) => key.DefaultText is "none" or "required" ? key.DefaultText : $"`{key.DefaultText}`";
}
