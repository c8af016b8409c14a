namespace Slice.Host.Text;

/// <summary>Finds the known name that a mistyped one was probably meant to be.</summary>
internal static class NearestName
{
    // Longer input is no typing error, and the distance takes time in proportion to the product of both lengths.
    private const int LongestName = 64;

    /// <summary>
    /// The nearest of the known names, or null when none is near: at most one wrong character in three. Case does not count, and
    /// hyphen and underscore are the same. Of equally near names the first is taken.
    /// </summary>
    public static string? Find(string name, IEnumerable<string> knownNames) => FindWithDistance(name, knownNames).Name;

    /// <summary>The same with the number of edits; <see cref="int.MaxValue"/> when none is near.</summary>
    public static (string? Name, int Edits) FindWithDistance(string name, IEnumerable<string> knownNames)
    {
        string? nearest = null;
        int fewestEdits = int.MaxValue;
        if (name.Length > LongestName)
        {
            return (nearest, fewestEdits);
        }

        foreach (string known in knownNames)
        {
            int edits = CountEdits(Normalize(name), Normalize(known));
            if (edits < fewestEdits && edits <= Math.Max(1, known.Length / 3))
            {
                (nearest, fewestEdits) = (known, edits);
            }
        }

        return (nearest, fewestEdits);
    }

    private static string Normalize(string name) => name.ToLowerInvariant().Replace('-', '_');

    // Optimal string alignment: insertions, deletions, replacements and swaps of neighbours count one each. `edits[i, j]` is the
    // distance of the first i characters of one name from the first j of the other.
    private static int CountEdits(string from, string to)
    {
        int[,] edits = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
            {
                edits[i, j] = i == 0 || j == 0 ? i + j : CountLastEdit(edits, from, to, i, j);
            }
        }

        return edits[from.Length, to.Length];
    }

    private static int CountLastEdit(int[,] edits, string from, string to, int i, int j)
    {
        int replaced = edits[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
        int fewest = Math.Min(replaced, Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1);
        bool isSwapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
        return isSwapped ? Math.Min(fewest, edits[i - 2, j - 2] + 1) : fewest;
    }
}
