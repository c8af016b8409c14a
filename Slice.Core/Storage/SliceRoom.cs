namespace Slice.Core.Storage;

/// <summary>
/// Finds room for one slice: what is free, then a step of growth, then what eviction gives, and at last the overflow. Shares the store's
/// lock, which is held for pointer work only. Thread-safe.
/// </summary>
/// <param name="store">The store that the room is in.</param>
/// <param name="storeLock">The store's lock.</param>
/// <param name="segments">Where extents come from.</param>
/// <param name="eviction">Says which slice goes next.</param>
/// <param name="tenants">Whose slices they are.</param>
/// <param name="overflow">Where a slice goes that the store cannot keep.</param>
internal sealed class SliceRoom(
    SliceStore store, Lock storeLock, SegmentSet segments, S3FifoEviction eviction, TenantTable tenants, SliceOverflow overflow)
{
    /// <summary>
    /// Most that is evicted for one slice, in multiples of its length, and at least <see cref="MinEvictedSlices"/> slices: a large slice
    /// among many small ones that are being sent here and there finds no room in one piece, and must not empty the cache in search of it.
    /// Arbitrary.
    /// </summary>
    private const int MaxEvictedLengths = 16;

    private const int MinEvictedSlices = 64;

    private volatile bool _hasRefused;

    /// <summary>Whether the last slice went to the overflow, or nowhere.</summary>
    public bool HasRefused => _hasRefused;

    /// <summary>See <see cref="SliceStore.ReserveAsync"/>.</summary>
    public ValueTask<SliceReservation?> ReserveAsync(int lengthBytes)
    {
        if (!store.Writing.MayTry)
        {
            return new(ReserveInOverflow(lengthBytes));
        }

        var slice = TryAllocateOrGrow(lengthBytes, out var growth);
        return slice is not null ? new(Reserved(slice))
            : growth is null ? new(ReserveByEviction(lengthBytes))
            : ReserveAfterGrowthAsync(lengthBytes, growth);
    }

    // Many may wait for one step, which is not enough for all of them: those that come away empty begin the next.
    private async ValueTask<SliceReservation?> ReserveAfterGrowthAsync(int lengthBytes, Task<bool> growth)
    {
        while (await growth)
        {
            if (TryAllocateOrGrow(lengthBytes, out var next) is { } slice)
            {
                return Reserved(slice);
            }

            if (next is null)
            {
                break;
            }

            growth = next;
        }

        return ReserveByEviction(lengthBytes);
    }

    private StoredSlice? TryAllocateOrGrow(int lengthBytes, out Task<bool>? growth)
    {
        lock (storeLock)
        {
            var slice = TryAllocateUnsynchronized(lengthBytes);
            growth = slice is null ? segments.StartGrowthUnsynchronized() : null;
            return slice;
        }
    }

    private SliceReservation? ReserveByEviction(int lengthBytes) =>
        TryAllocateByEviction(lengthBytes) is { } slice ? Reserved(slice) : ReserveInOverflow(lengthBytes);

    private StoredSlice? TryAllocateByEviction(int lengthBytes)
    {
        if (!segments.GiveRoomAgain)
        {
            // Evicting would cost what can still be read, and give nothing.
            return null;
        }

        long evictedBytes = 0;
        for (int evicted = 0; evicted < MinEvictedSlices || evictedBytes < (long)MaxEvictedLengths * lengthBytes; evicted++)
        {
            StoredSlice? victim;
            ISliceTenant? tenant;
            lock (storeLock)
            {
                if (TryAllocateUnsynchronized(lengthBytes) is { } slice)
                {
                    return slice;
                }

                victim = eviction.TakeVictim();
                tenant = victim is null ? null : tenants.OwnerOf(victim);
                if (tenant is not null)
                {
                    store.Journal?.SliceGone(tenant, victim!.SliceIndex);
                }
            }

            if (victim is null)
            {
                return null;
            }

            evictedBytes += victim.ExtentBytes;
            tenants.Evict(victim, tenant);
        }

        return null;
    }

    private SliceReservation Reserved(StoredSlice slice)
    {
        if (_hasRefused)
        {
            _hasRefused = false;

            // What was given back while the store refused has left it there.
            overflow.LetGo();
        }

        return new SliceReservation(store, slice);
    }

    private SliceReservation? ReserveInOverflow(int lengthBytes)
    {
        _hasRefused = true;
        return overflow.TryAllocate(lengthBytes) is { } slice ? new SliceReservation(store, slice) : null;
    }

    private StoredSlice? TryAllocateUnsynchronized(int lengthBytes)
    {
        var slice = segments.TryAllocateUnsynchronized(lengthBytes);
        if (slice is not null)
        {
            store.TookUnsynchronized(slice);
        }

        return slice;
    }
}
