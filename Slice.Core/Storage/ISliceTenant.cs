namespace Slice.Core.Storage;

/// <summary>
/// Whose slices the store holds: one version of one object, as far as the store must know it. The tenant knows which slices it has; the
/// store knows where they lie and which goes next. Implementations are thread-safe.
/// </summary>
internal interface ISliceTenant
{
    /// <summary>Its number in the store, from <see cref="TenantTable.Register(ISliceTenant)"/>.</summary>
    uint Id { get; }

    /// <summary>Whether nothing is stored of it and nothing is on the way.</summary>
    bool IsEmpty { get; }

    /// <summary>Whether it has ended and is read still: its slices can be had nowhere else, and go with the last of its readers.</summary>
    bool IsHeld { get; }

    /// <summary>
    /// What the journal has noted of it: the journal's alone, read and written under its lock. 0 until the journal hears of it.
    /// </summary>
    byte JournalNote { get; set; }

    /// <summary>
    /// A number that names one of its slices for eviction: the same for the same part of the same object in its next version too.
    /// </summary>
    ulong IdentityOf(int sliceIndex);

    /// <summary>
    /// Indexes a slice that was filled; one lease of the caller's passes to the index, and the caller holds another one during the call.
    /// False, and nothing passes, when the tenant has ended and is not held, or has the slice already.
    /// </summary>
    bool TryCommit(StoredSlice slice, int sliceIndex);

    /// <summary>
    /// Takes a slice out of its index, so that no new reader finds it; true for the one caller that then owns the index's lease.
    /// </summary>
    bool Forget(StoredSlice slice);
}
