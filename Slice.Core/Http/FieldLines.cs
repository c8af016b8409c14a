namespace Slice.Core.Http;

/// <summary>Looks fields up among field lines that were received. Pure.</summary>
internal static class FieldLines
{
    /// <summary>Whether a line has this name, in any mix of cases.</summary>
    public static bool Is(in ForwardedField line, string name) =>
        // The length first: it decides nine times in ten, and Equals looks at much else before.
        line.Name.Length == name.Length && line.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    /// <summary>The value of the first line of this name, or null.</summary>
    public static string? Find(ReadOnlySpan<ForwardedField> lines, string name)
    {
        foreach (ref readonly var line in lines)
        {
            if (Is(line, name))
            {
                return line.Value;
            }
        }

        return null;
    }

    /// <summary>The only line of a field; null when the field is absent or stands more than once.</summary>
    public static string? FindSingle(ReadOnlySpan<ForwardedField> lines, string name)
    {
        string? found = null;
        foreach (ref readonly var line in lines)
        {
            if (Is(line, name))
            {
                if (found is not null)
                {
                    return null;
                }

                found = line.Value;
            }
        }

        return found;
    }

    /// <summary>All lines of a field joined by comma (RFC 9110 §5.3); null when the field is absent.</summary>
    public static string? Combine(ReadOnlySpan<ForwardedField> lines, string name)
    {
        string? combined = null;
        foreach (ref readonly var line in lines)
        {
            if (Is(line, name))
            {
                combined = combined is null ? line.Value : combined + ", " + line.Value;
            }
        }

        return combined;
    }
}
