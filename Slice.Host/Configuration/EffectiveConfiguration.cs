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
        string section = "";
        foreach (OptionKey key in KeysBySection())
        {
            if (key.Section != section)
            {
                section = key.Section;
                yaml.Append(CultureInfo.InvariantCulture, $"{section}:\n");
            }

            string indent = section.Length == 0 ? "" : "  ";
            yaml.Append(CultureInfo.InvariantCulture, $"{indent}{key.LocalName}:{WriteValue(key, key.Read(options), indent)}\n");
        }

        return yaml.ToString();
    }

    // Sections may not be opened twice, and a key after a section would belong to it.
    private static IEnumerable<OptionKey> KeysBySection() =>
        OptionTable.Keys.Where(key => key.Section.Length == 0)
            .Concat(OptionTable.Sections.SelectMany(section => OptionTable.Keys.Where(key => key.Section == section)));

    private static string WriteValue(OptionKey key, object? value, string indent) => value switch
    {
        null => " null",
        IReadOnlyList<string> { Count: 0 } => " []",
        IReadOnlyList<string> list => string.Concat(list.Select(item => $"\n{indent}  - {Quote(item)}")),
        IReadOnlyList<Uri> { Count: > 1 } list => string.Concat(list.Select(item => $"\n{indent}  - {Quote(OriginAddress.Format(item))}")),
        string or IReadOnlyList<Uri> => " " + Quote(key.Format(value)),
        _ => " " + key.Format(value),
    };

    // The escapes of a double-quoted YAML scalar (YAML 1.2 §5.7) include all that PrintableText writes.
    private static string Quote(string text) => $"\"{PrintableText.Escape(text, int.MaxValue)}\"";
}
