namespace Slice.Net.Delivery;

/// <summary>
/// Draws where the slices of a delivery are: a letter for each slice, or for several of a long one. A look at a bounded number of slices,
/// whatever the length of the object. Pure.
/// </summary>
internal static class SliceMap
{
    /// <summary>Stored: a hit for whoever comes to it.</summary>
    public const char Hit = 'h';

    /// <summary>On its way from the origin.</summary>
    public const char Arriving = 'a';

    /// <summary>Sent, and not in the store any more.</summary>
    public const char Gone = 'g';

    /// <summary>None of these: to be fetched when the delivery comes near.</summary>
    public const char Waiting = 'w';

    /// <summary>Most letters of a map. Arbitrary; what a phone can show.</summary>
    public const int MaxCells = 48;

    // Slices that are looked at for one letter; those between them are taken to be like them.
    private const int LooksPerCell = 8;

    /// <summary>The map, in the order of the plan.</summary>
    public static string Draw(in WindowGlance window)
    {
        int slices = window.Plan.Count;
        int cells = Math.Min(slices, MaxCells);
        Span<char> map = stackalloc char[MaxCells];
        for (int cell = 0; cell < cells; cell++)
        {
            int first = (int)((long)slices * cell / cells);
            int end = (int)((long)slices * (cell + 1) / cells);
            map[cell] = StateOf(window, first, end);
        }

        return new string(map[..cells]);
    }

    // One slice that arrives makes a letter arriving, as there something happens; else one that is missing makes the letter waiting, or
    // gone when the delivery is past it.
    private static char StateOf(in WindowGlance window, int first, int end)
    {
        for (int ordinal = Math.Max(first, window.FirstOrdinal); ordinal < Math.Min(end, window.EndOrdinal); ordinal++)
        {
            var source = window.Sources[ordinal % window.Sources.Length];
            if (source is { Stored: null, Fetch: { Failure.IsError: false } fetch } && fetch.AvailableBytes < fetch.LengthBytes)
            {
                return Arriving;
            }
        }

        char state = Hit;
        int looks = Math.Min(end - first, LooksPerCell);
        for (int look = 0; look < looks; look++)
        {
            int ordinal = first + (int)((long)(end - first) * look / looks);
            if (window.Generation.CountStored(window.Plan.FirstSliceIndex + ordinal, 1) == 0)
            {
                if (ordinal >= window.FirstOrdinal)
                {
                    return Waiting;
                }

                state = Gone;
            }
        }

        return state;
    }
}
