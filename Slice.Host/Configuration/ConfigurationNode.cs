namespace Slice.Host.Configuration;

/// <summary>A value in a configuration file, with the place where it begins; lines and columns count from 1.</summary>
internal abstract record ConfigurationNode(int Line, int Column);

/// <summary>A single value. A plain one has no quotes: only such is a number, a flag or null.</summary>
internal sealed record ConfigurationScalar(int Line, int Column, string Text, bool IsPlain) : ConfigurationNode(Line, Column)
{
    /// <summary>Whether nothing is said here (YAML 1.2 §10.3.2).</summary>
    public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";
}

/// <summary>A list.</summary>
internal sealed record ConfigurationList(int Line, int Column, IReadOnlyList<ConfigurationNode> Items) : ConfigurationNode(Line, Column);

/// <summary>A section. Entries stand as in the file; a key may be there twice, which the binder reports.</summary>
internal sealed record ConfigurationSection(
    int Line, int Column, IReadOnlyList<ConfigurationEntry> Entries) : ConfigurationNode(Line, Column);

/// <summary>A key of a section and its value.</summary>
internal sealed record ConfigurationEntry(ConfigurationNode Key, ConfigurationNode Value);
