using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Slice.Core.Objects;

namespace Slice.Core.Fetching;

/// <summary>The fetches in flight, at most one per slice of a generation. Thread-safe.</summary>
internal sealed class RequestCollapser
{
    private readonly ConcurrentDictionary<(Generation Generation, int SliceIndex), SliceFetch> _inFlight = new();

    /// <summary>Fetches in flight.</summary>
    public int Count => _inFlight.Count;

    /// <summary>Whether a slice has a fetch.</summary>
    public bool Contains(Generation generation, int sliceIndex) => _inFlight.ContainsKey((generation, sliceIndex));

    /// <summary>Follows the fetch of a slice when there is one.</summary>
    public bool TryFollow(Generation generation, int sliceIndex, [NotNullWhen(true)] out SliceFetch? fetch) =>
        _inFlight.TryGetValue((generation, sliceIndex), out fetch) && fetch.TryFollow();

    /// <summary>
    /// Adds a new fetch; one that has ended and is about to leave gives its place up. False when another holds the place.
    /// </summary>
    public bool TryAdd(SliceFetch fetch)
    {
        var slot = (fetch.Generation, fetch.SliceIndex);
        return _inFlight.TryAdd(slot, fetch)
            || (_inFlight.TryGetValue(slot, out var holder) && holder.HasEnded && _inFlight.TryUpdate(slot, fetch, holder));
    }

    /// <summary>Takes exactly this fetch out.</summary>
    public void Remove(SliceFetch fetch) =>
        _inFlight.TryRemove(KeyValuePair.Create((fetch.Generation, fetch.SliceIndex), fetch));
}
