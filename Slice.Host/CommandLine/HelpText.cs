namespace Slice.Host.CommandLine;

/// <summary>
/// A text of <c>--help</c> taken apart, so that completions and manual pages are made of the same words. Immutable.
/// </summary>
internal sealed class HelpText
{
    private HelpText(IReadOnlyList<HelpSection> sections) => Sections = sections;

    /// <summary>All sections, in their order.</summary>
    public IReadOnlyList<HelpSection> Sections { get; }

    /// <summary>Takes a text apart: sections end at an empty line, and a first line with a colon at its end is a heading.</summary>
    public static HelpText Parse(string text) => new(
        [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(block => block.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Where(lines => lines.Length > 0)
            .Select(ToSection)]);

    /// <summary>The entries under a heading; none when the text has no such heading.</summary>
    public IReadOnlyList<HelpEntry> EntriesOf(string title) => Sections.FirstOrDefault(section => section.Title == title)?.Entries() ?? [];

    /// <summary>The explanation of an option by its long name; empty when there is none.</summary>
    public string OptionText(string name) => FindOption(name)?.Text ?? "";

    /// <summary>What stands behind an option's name: <c>N</c>, <c>SIZE</c>; empty for a flag.</summary>
    public string OptionValue(string name) => FindOption(name)?.Term.Split(name)[1].Trim() ?? "";

    private static HelpSection ToSection(string[] lines) =>
        lines[0].EndsWith(':') && lines[0][0] != ' ' && lines.Length > 1 && lines.Skip(1).All(line => line[0] == ' ')
            ? new HelpSection(lines[0][..^1], lines[1..])
            : new HelpSection("", lines);

    private HelpEntry? FindOption(string name) => EntriesOf("Options").FirstOrDefault(entry => entry.Term.Split(' ', ',').Contains(name));
}
