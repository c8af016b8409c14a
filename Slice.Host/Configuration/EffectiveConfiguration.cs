using System.Globalization;
using System.Text;
using Slice.Core.Options;
using Slice.Host.Text;

namespace Slice.Host.Configuration;

/// <summary>
/// Writes an effective configuration as YAML that <see cref="ConfigurationReader"/> reads back, except that secrets are replaced.
/// </summary>
public static class EffectiveConfiguration
{
    /// <summary>Every key with its value, in the order of <see cref="OptionTable"/>.</summary>
    public static string Write(SliceOptions options)
    {
        StringBuilder yaml = new();
        WriteSection(yaml, options, "", "");
        return yaml.ToString();
    }

    // Sections may not be opened twice, and a key after a section would belong to it: first the keys, then the sections.
    private static void WriteSection(StringBuilder yaml, SliceOptions options, string section, string indent)
    {
        foreach (OptionKey key in OptionTable.Keys.Where(key => key.Section == section))
        {
            yaml.Append(CultureInfo.InvariantCulture, $"{indent}{key.LocalName}:{WriteValue(key, key.Read(options), indent)}\n");
        }

        foreach (string nested in OptionTable.Sections.Where(nested => OptionTable.ParentOf(nested) == section))
        {
            yaml.Append(CultureInfo.InvariantCulture, $"{indent}{OptionTable.LocalNameOf(nested)}:\n");
            WriteSection(yaml, options, nested, indent + "  ");
        }
    }

    private static string WriteValue(OptionKey key, object? value, string indent) => value switch
    {
        null => " null",
        IReadOnlyList<string> { Count: 0 } => " []",
        IReadOnlyList<CacheRule> { Count: 0 } => " []",
        IReadOnlyList<CacheRule> rules => string.Concat(rules.Select(rule => $"\n{indent}  - {rule.Format(Quote)}")),
        IReadOnlyList<string> list => string.Concat(list.Select(item => $"\n{indent}  - {Quote(item)}")),
        IReadOnlyList<Uri> { Count: > 1 } list => string.Concat(list.Select(item => $"\n{indent}  - {Quote(OriginAddress.Format(item))}")),
        string or IReadOnlyList<Uri> => " " + Quote(key.Format(value)),
        _ => " " + key.Format(value),
    };

    // The escapes of a double-quoted YAML scalar (YAML 1.2 §5.7) include all that PrintableText writes.
    private static string Quote(string text) => $"\"{PrintableText.Escape(text, int.MaxValue)}\"";
}
