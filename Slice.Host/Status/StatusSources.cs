using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Storage;
using Slice.Host.Logging;
using Slice.Net.Delivery;
using Slice.Net.Exchange;
using Slice.Net.Handlers;
using Slice.Net.Origin;

namespace Slice.Host.Status;

/// <summary>What the status page shows parts of. Immutable; what is in it is thread-safe.</summary>
internal sealed record StatusSources
{
    /// <summary>The version of this build.</summary>
    public required string Version { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The phase of the instance.</summary>
    public required InstanceState State { get; init; }

    /// <summary>The metrics.</summary>
    public required SliceMeter Meter { get; init; }

    /// <summary>What was counted second by second.</summary>
    public required TrafficHistory Traffic { get; init; }

    /// <summary>Deliveries under way.</summary>
    public required ActiveDeliveries Deliveries { get; init; }

    /// <summary>The store.</summary>
    public required SliceStore Store { get; init; }

    /// <summary>Where the cache is, and why it is not where it was to be.</summary>
    public required Func<CacheHealth> CacheHealth { get; init; }

    /// <summary>The tier that is shared with other instances; null for none.</summary>
    public SharedCacheFigures? SharedCache { get; init; }

    /// <summary>What is stored.</summary>
    public required ObjectIndex Index { get; init; }

    /// <summary>How the addresses of the origin have answered.</summary>
    public required OriginTimes OriginTimes { get; init; }

    /// <summary>Turns at the origin for requests of ours.</summary>
    public required OriginGate Gate { get; init; }

    /// <summary>Warnings and errors of late.</summary>
    public required RecentErrors Errors { get; init; }

    /// <summary>The settings in force.</summary>
    public required LiveSettings Settings { get; init; }
}
