using Slice.Core.Caching;

namespace Slice.Core.Objects;

/// <summary>
/// Looks for stored objects by a part of their key. There is no index for that, so each object is looked at: bounded by how many are found
/// and by time, and never on a thread that serves connections. Thread-safe; several searches may run at once, each at its own cost.
/// </summary>
/// <param name="index">What is stored.</param>
/// <param name="time">The clock of the bound.</param>
public sealed class ObjectSearch(ObjectIndex index, TimeProvider time)
{
    // Objects between two looks at the clock, in which the thread also offers its core to others; some 100 µs. Arbitrary.
    private const int StepObjects = 1024;

    /// <summary>
    /// The objects whose host and target contain <paramref name="part"/>, byte for byte; all for an empty one. What comes or goes meanwhile
    /// may be among them.
    /// </summary>
    /// <param name="part">The part, as it stands in keys: percent-encoded where a target is.</param>
    /// <param name="maxFound">Most objects to find.</param>
    /// <param name="longest">When to stop looking.</param>
    /// <param name="ct">Ends the search early.</param>
    public FoundObjects Find(ReadOnlySpan<byte> part, int maxFound, TimeSpan longest, CancellationToken ct)
    {
        long startedAt = time.GetTimestamp();
        var found = new List<FoundObject>();
        long looked = 0;
        foreach (var generation in index.Generations)
        {
            if (found.Count == maxFound || (looked > 0 && looked % StepObjects == 0 && IsOver(startedAt, longest, ct)))
            {
                return new FoundObjects(found, looked, IsComplete: false);
            }

            looked++;
            if (!generation.IsRetired && KeyFields.ResourceOf(generation.Key.Bytes).IndexOf(part) >= 0)
            {
                found.Add(Describe(generation));
            }
        }

        return new FoundObjects(found, looked, IsComplete: true);
    }

    private bool IsOver(long startedAt, TimeSpan longest, CancellationToken ct)
    {
        Thread.Yield();
        return ct.IsCancellationRequested || time.GetElapsedTime(startedAt) >= longest;
    }

    private static FoundObject Describe(Generation generation)
    {
        var response = generation.Response;
        return new FoundObject(
            generation.Key,
            generation.CompleteLength,
            generation.StoredSlices,
            generation.Grid.CountFor(generation.CompleteLength),
            response.Freshness,
            response.Status);
    }
}
