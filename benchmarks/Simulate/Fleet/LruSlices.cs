namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>
/// Slices in the order of their last use, and room for so many of them: the least recently used goes first. Not thread-safe.
/// </summary>
/// <param name="slices">Slices have numbers from 0 to below this.</param>
/// <param name="capacity">How many there is room for; 0 for none.</param>
internal sealed class LruSlices(int slices, int capacity)
{
    // Links of a circle from slice to slice. The last place is no slice: the newest is older than it, and the oldest newer, so that no end
    // is a special case. -1 for a slice that is not there.
    private readonly int[] _older = Filled(slices);
    private readonly int[] _newer = Filled(slices);

    /// <summary>Slices that are there.</summary>
    public int Count { get; private set; }

    /// <summary>Whether a slice is there; it is the newest then.</summary>
    public bool TryUse(int slice)
    {
        if (_older[slice] < 0)
        {
            return false;
        }

        Unlink(slice);
        Link(slice);
        return true;
    }

    /// <summary>Puts a slice there that is not, as the newest, and the oldest out when there is no room.</summary>
    public void Add(int slice)
    {
        if (capacity == 0)
        {
            return;
        }

        if (Count == capacity)
        {
            Unlink(_newer[slices]);
            Count--;
        }

        Link(slice);
        Count++;
    }

    private static int[] Filled(int slices)
    {
        int[] places = new int[slices + 1];
        Array.Fill(places, -1);
        places[slices] = slices;
        return places;
    }

    private void Link(int slice)
    {
        int newest = _older[slices];
        (_older[slice], _newer[slice]) = (newest, slices);
        _newer[newest] = slice;
        _older[slices] = slice;
    }

    private void Unlink(int slice)
    {
        _newer[_older[slice]] = _newer[slice];
        _older[_newer[slice]] = _older[slice];
        (_older[slice], _newer[slice]) = (-1, -1);
    }
}
