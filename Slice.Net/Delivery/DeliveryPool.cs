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

    private readonly DefaultObjectPool<SliceDelivery> _free = new(new Policy(create), MaxKept);

    /// <summary>Takes one for a response; pair with <see cref="Return"/>.</summary>
    public SliceDelivery Rent() => _free.Get();

    /// <summary>Gives one back whose run has ended.</summary>
    public void Return(SliceDelivery delivery) => _free.Return(delivery);

    private sealed class Policy(Func<SliceDelivery> create) : PooledObjectPolicy<SliceDelivery>
    {
        public override SliceDelivery Create() => create();

        // The end of a run leaves nothing behind; a piece that is still being read ahead says so itself when the next run begins.
        public override bool Return(SliceDelivery obj) => true;
    }
}
