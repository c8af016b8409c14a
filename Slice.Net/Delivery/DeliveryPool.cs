using Microsoft.Extensions.ObjectPool;

namespace Slice.Net.Delivery;

/// <summary>
/// Deliveries for responses under way, used again and again: a connection that waits for its next request holds none. Thread-safe.
/// </summary>
/// <param name="create">Makes one when none is free.</param>
internal sealed class DeliveryPool(Func<SliceDelivery> create)
{
    // Kept while nobody needs them, about 300 bytes each. Arbitrary: as many as are under way at once on a busy machine with fast clients.
    private const int MaxKept = 256;

    // The one that this thread gave back last: a hit takes and returns it without an atomic operation.
    [ThreadStatic]
    private static Kept t_last;

    private readonly DefaultObjectPool<SliceDelivery> _free = new(new Policy(create), MaxKept);

    /// <summary>Takes one for a response; pair with <see cref="Return"/>.</summary>
    public SliceDelivery Rent()
    {
        ref var last = ref t_last;
        if (last.Pool != this || last.Delivery is not { } delivery)
        {
            return _free.Get();
        }

        last.Delivery = null;
        return delivery;
    }

    /// <summary>Gives one back whose run has ended.</summary>
    public void Return(SliceDelivery delivery)
    {
        ref var last = ref t_last;
        if (last.Pool != this || last.Delivery is null)
        {
            last = new Kept { Pool = this, Delivery = delivery };
            return;
        }

        _free.Return(delivery);
    }

    private struct Kept
    {
        public DeliveryPool? Pool;
        public SliceDelivery? Delivery;
    }

    private sealed class Policy(Func<SliceDelivery> create) : PooledObjectPolicy<SliceDelivery>
    {
        public override SliceDelivery Create() => create();

        // The end of a run leaves nothing behind; a piece that is still being read ahead says so itself when the next run begins.
        public override bool Return(SliceDelivery obj) => true;
    }
}
