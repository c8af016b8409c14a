using Slice.Core.Storage;

namespace Slice.Core.Objects;

/// <summary>Puts slices of an earlier run into the table of their object, at the start, while nobody else knows of them.</summary>
internal static class RestoredSlices
{
    /// <summary>Puts a slice into its slot; false when the slot is taken.</summary>
    public static bool TryAdd(Generation generation, StoredSlice slice, int sliceIndex)
    {
        slice.TenantId = generation.Id;
        slice.SliceIndex = sliceIndex;
        return generation.Table.TryAdd(sliceIndex, slice);
    }

    /// <summary>Empties a slot, if there is one of this index.</summary>
    public static void Forget(Generation generation, int sliceIndex)
    {
        bool hasSlot = sliceIndex >= 0 && sliceIndex < generation.Grid.CountFor(generation.CompleteLength);
        if (hasSlot && generation.Table.Find(sliceIndex) is { } slice)
        {
            generation.Table.TryRemove(sliceIndex, slice);
        }
    }
}
