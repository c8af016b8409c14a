using Slice.Core.Origin;

namespace Slice.Net.Delivery;

/// <summary>How a delivery ended.</summary>
internal enum DeliveryStatus
{
    /// <summary>Every byte is with the kernel.</summary>
    Delivered,

    /// <summary>The client left.</summary>
    ClientGone,

    /// <summary>A slice could not be had; <see cref="DeliveryOutcome.Failure"/> says why.</summary>
    Failed,

    /// <summary>A stored slice could not be read and was dropped; the next request fetches it again.</summary>
    SliceUnreadable,
}

/// <summary>The end of a delivery.</summary>
/// <param name="Status">How.</param>
/// <param name="HasBegun">Whether any byte, the head's included, was handed to the kernel.</param>
/// <param name="Failure">Why, when failed.</param>
internal readonly record struct DeliveryOutcome(DeliveryStatus Status, bool HasBegun, Failure Failure);
