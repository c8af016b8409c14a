using Slice.Core.Caching;

namespace Slice.Core.Objects.Journal;

/// <summary>An object in a cache directory.</summary>
public sealed class InspectedObject
{
    internal InspectedObject(IndexedObject indexed, StoredResponse response, IReadOnlyList<IndexedSlice> slices)
    {
        Key = indexed.Key.ToString();
        Response = response;
        SliceSizeBytes = indexed.Grid.SliceSizeBytes;
        TotalSlices = indexed.Grid.CountFor(response.CompleteLength);
        Slices = slices;
        StoredBytes = slices.Sum(slice => (long)slice.LengthBytes);
    }

    /// <summary>Its key: the target in normal form, behind the host when that is part of it.</summary>
    public string Key { get; }

    /// <summary>Its stored response.</summary>
    public StoredResponse Response { get; }

    /// <summary>Bytes per slice.</summary>
    public int SliceSizeBytes { get; }

    /// <summary>Slices that all of it has.</summary>
    public int TotalSlices { get; }

    /// <summary>Slices that are stored.</summary>
    public int StoredSlices => Slices.Count;

    /// <summary>Bytes that are stored.</summary>
    public long StoredBytes { get; }

    internal IReadOnlyList<IndexedSlice> Slices { get; }
}
