namespace Slice.Core.Observability;

/// <summary>Where the figures of a shared tier come from. The functions are called from any thread and must not throw.</summary>
public sealed class TierSource
{
    /// <summary>What is counted.</summary>
    public required TierMeter Meter { get; init; }

    /// <summary>Whether the store is asked.</summary>
    public required Func<bool> IsUp { get; init; }

    /// <summary>Instances that were seen lately.</summary>
    public required Func<int> Instances { get; init; }

    /// <summary>Of several servers, how many are away.</summary>
    public required Func<int> ServersDown { get; init; }
}
