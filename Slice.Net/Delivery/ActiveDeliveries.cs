using System.Runtime.CompilerServices;

namespace Slice.Net.Delivery;

/// <summary>
/// The deliveries under way, for somebody who looks. A delivery is noted when it is made, not when it is rented for a response, and what is
/// known of it is read out of it: a response costs nothing for that, and a slice neither. Thread-safe.
/// </summary>
/// <remarks>The notes are weak: a delivery that its pool does not keep is forgotten with it.</remarks>
internal sealed class ActiveDeliveries
{
    private readonly ConditionalWeakTable<SliceDelivery, object> _made = [];

    /// <summary>Notes a delivery that was just made, and returns it.</summary>
    public SliceDelivery Note(SliceDelivery delivery)
    {
        _made.Add(delivery, this);
        return delivery;
    }

    /// <summary>Bytes that were sent by deliveries under way, which the metrics count when a response ends.</summary>
    public long CountSentBytes()
    {
        long bytes = 0;
        foreach (var (delivery, _) in _made)
        {
            bytes += delivery.TryLook(drawsMap: false, out var glance) ? glance.BodyBytes : 0;
        }

        return bytes;
    }

    /// <summary>The deliveries under way, the oldest first.</summary>
    /// <param name="most">Most to be returned, the oldest.</param>
    /// <param name="count">How many there are.</param>
    public List<DeliveryGlance> Look(int most, out int count)
    {
        var all = new List<(DeliveryGlance Glance, SliceDelivery Delivery)>();
        foreach (var (delivery, _) in _made)
        {
            if (delivery.TryLook(drawsMap: false, out var glance))
            {
                all.Add((glance, delivery));
            }
        }

        count = all.Count;
        all.Sort(static (one, other) => one.Glance.StartedAt.CompareTo(other.Glance.StartedAt));
        var oldest = new List<DeliveryGlance>();
        foreach (var (_, delivery) in all.Take(most))
        {
            // It may have ended since, and even have begun for somebody else: then that one is shown.
            if (delivery.TryLook(drawsMap: true, out var glance))
            {
                oldest.Add(glance);
            }
        }

        return oldest;
    }
}
