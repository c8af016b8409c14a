namespace Slice.Core.Storage;

/// <summary>
/// Is told of every change in a store that is to be known at the next start. A change is made first and told second. Thread-safe; no call
/// waits for a device but <see cref="FlushAsync"/> and <see cref="IDisposable.Dispose"/>.
/// </summary>
internal interface ISliceJournal : IDisposable
{
    /// <summary>A slice was queued, or has moved to another queue. Called under the store's lock.</summary>
    void SliceStored(ISliceTenant tenant, StoredSlice slice);

    /// <summary>A slice was taken out of its queue. Called under the store's lock.</summary>
    void SliceGone(ISliceTenant tenant, int sliceIndex);

    /// <summary>A tenant can be found by others now; it is of no interest before. Called without the store's lock.</summary>
    void TenantPublished(ISliceTenant tenant);

    /// <summary>What is known of a tenant besides its slices was replaced. Called without the store's lock.</summary>
    void TenantChanged(ISliceTenant tenant);

    /// <summary>A tenant has ended, and with it all its slices. Called without the store's lock.</summary>
    void TenantEnded(ISliceTenant tenant);

    /// <summary>Waits until everything told so far survives the end of the process; false when it cannot be written just now.</summary>
    ValueTask<bool> FlushAsync();
}
