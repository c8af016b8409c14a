using System.Collections.Concurrent;

namespace Slice.Core.Storage;

/// <summary>The tenants of a store by number; a slice says its tenant's number in four bytes. Thread-safe.</summary>
internal sealed class TenantTable
{
    private readonly ConcurrentDictionary<uint, ISliceTenant> _tenants = new();
    private int _lastId;
    private int _ending;

    /// <summary>Called when eviction takes the last slice of a tenant. Set once, before use.</summary>
    public Action<ISliceTenant>? Emptied { get; set; }

    /// <summary>Gives a tenant its number.</summary>
    public uint Register(ISliceTenant tenant)
    {
        uint id;
        do
        {
            // Comes round again after four billion; the few that live so long keep theirs.
            id = (uint)Interlocked.Increment(ref _lastId);
        }
        while (!_tenants.TryAdd(id, tenant));

        return id;
    }

    /// <summary>
    /// Gives a tenant the number that it had in an earlier run, before use and by one thread; or, when that is null, a new one.
    /// </summary>
    public uint Register(ISliceTenant tenant, uint? earlierId)
    {
        if (earlierId is not { } id)
        {
            return Register(tenant);
        }

        _tenants[id] = tenant;
        _lastId = (int)Math.Max((uint)_lastId, id);
        return id;
    }

    /// <summary>A tenant has ended and has its slices still. Pair with <see cref="EndedEmpty"/>.</summary>
    public void Ended() => Interlocked.Increment(ref _ending);

    /// <summary>A tenant that has ended is empty: its number is forgotten.</summary>
    public void EndedEmpty(ISliceTenant tenant)
    {
        Interlocked.Decrement(ref _ending);
        Unregister(tenant);
    }

    /// <summary>
    /// Whether a slice is of a tenant that is held (<see cref="ISliceTenant.IsHeld"/>). Costs next to nothing while there is none.
    /// </summary>
    public bool IsHeld(StoredSlice slice) => Volatile.Read(ref _ending) > 0 && OwnerOf(slice) is { IsHeld: true };

    /// <summary>Forgets the number of a tenant that is empty.</summary>
    public void Unregister(ISliceTenant tenant) => _tenants.TryRemove(new KeyValuePair<uint, ISliceTenant>(tenant.Id, tenant));

    /// <summary>Whose slice it is; null for a slice whose tenant has just ended.</summary>
    public ISliceTenant? OwnerOf(StoredSlice slice) => _tenants.GetValueOrDefault(slice.TenantId);

    /// <summary>Takes a slice that was taken out of its queue from its tenant too. Called without the store's lock.</summary>
    /// <remarks>
    /// The tenant clears its slot first, so that no new reader finds the slice, then the index's lease goes. A reader that got a lease in
    /// between keeps the extent alive until it is done; who needs the room then takes another victim. Without an owner the slice belongs to
    /// a tenant that has just ended: whoever ended it gives the lease up.
    /// </remarks>
    public void Evict(StoredSlice victim, ISliceTenant? owner)
    {
        if (owner is not null && owner.Forget(victim))
        {
            victim.Release();
            if (owner.IsEmpty)
            {
                Emptied?.Invoke(owner);
            }
        }
    }
}
