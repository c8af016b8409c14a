namespace Slice.Host.CommandLine;

/// <summary>A heading of a help text with the lines below it, or a paragraph.</summary>
/// <param name="Title">The heading without its colon; empty for a paragraph.</param>
/// <param name="Lines">The lines without the heading, with their indents.</param>
internal sealed record HelpSection(string Title, IReadOnlyList<string> Lines)
{
    private const int EntryIndent = 2;

    /// <summary>
    /// What the section lists. An entry begins at an indent of two; its explanation follows two spaces or more, or on lines that are
    /// indented more.
    /// </summary>
    public IReadOnlyList<HelpEntry> Entries()
    {
        List<HelpEntry> entries = [];
        foreach (string line in Lines)
        {
            string text = line.TrimStart();
            if (line.Length - text.Length > EntryIndent && entries.Count > 0)
            {
                entries[^1] = entries[^1] with { Text = $"{entries[^1].Text} {text}".TrimStart() };
                continue;
            }

            int gap = text.IndexOf("  ", StringComparison.Ordinal);
            entries.Add(gap < 0 ? new HelpEntry(text, "") : new HelpEntry(text[..gap], text[gap..].TrimStart()));
        }

        return entries;
    }
}
