namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>A tier that all instances share, with LRU, and what went to it, out of it and past it. Not thread-safe.</summary>
/// <param name="name">Its name in the table.</param>
/// <param name="slices">Slices of the catalogue.</param>
/// <param name="capacity">Room for so many; 0 for a fleet without a tier.</param>
/// <param name="collapses">
/// Whether an instance that misses what another one is fetching waits for it. If not, it fetches, and writes, too.
/// </param>
/// <param name="windowSeconds">From the beginning of a fetch until the slice can be read here.</param>
internal sealed class SimulatedTier(string name, int slices, int capacity, bool collapses, double windowSeconds)
{
    private readonly LruSlices _kept = new(slices, capacity);
    private readonly double[] _readableAt = new double[slices];

    /// <summary>Its name in the table.</summary>
    public string Name => name;

    /// <summary>Its share of the catalogue, 0 to 1.</summary>
    public double Share => (double)capacity / slices;

    /// <summary>Whether an instance waits for the fetch of another one.</summary>
    public bool Collapses => collapses;

    /// <summary>Slices that instances read here.</summary>
    public long Read { get; private set; }

    /// <summary>Slices that instances wrote here.</summary>
    public long Written { get; private set; }

    /// <summary>Slices that the origin was asked for.</summary>
    public long Fetched { get; private set; }

    /// <summary>An instance misses a slice and gets it from here or from the origin. True when the origin was asked.</summary>
    public bool Get(int slice, double atSeconds)
    {
        bool isKept = _kept.TryUse(slice);
        if (isKept && (collapses || _readableAt[slice] <= atSeconds))
        {
            Read++;
            return false;
        }

        Fetched++;
        if (capacity > 0)
        {
            Written++;
        }

        if (!isKept)
        {
            // Whoever fetches it a second time meanwhile is later than the first.
            _readableAt[slice] = atSeconds + windowSeconds;
            _kept.Add(slice);
        }

        return true;
    }

    /// <summary>Forgets what was counted, not what is kept.</summary>
    public void ResetCounts() => (Read, Written, Fetched) = (0, 0, 0);
}
