namespace Slice.Core.Http;

/// <summary>Looks fields up among field lines that were received. Pure.</summary>
internal static class FieldLines
{
    /// <summary>Whether a line has this name, in any mix of cases.</summary>
    public static bool Is(ForwardedField line, string name) => line.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    /// <summary>The value of the first line of this name, or null.</summary>
    public static string? Find(IReadOnlyList<ForwardedField> lines, string name)
    {
        foreach (var line in lines)
        {
            if (Is(line, name))
            {
                return line.Value;
            }
        }

        return null;
    }

    /// <summary>The only line of a field; null when the field is absent or stands more than once.</summary>
    public static string? FindSingle(IReadOnlyList<ForwardedField> lines, string name)
    {
        string? found = null;
        foreach (var line in lines)
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
    public static string? Combine(IReadOnlyList<ForwardedField> lines, string name)
    {
        string? combined = null;
        foreach (var line in lines)
        {
            if (Is(line, name))
            {
                combined = combined is null ? line.Value : combined + ", " + line.Value;
            }
        }

        return combined;
    }
}
