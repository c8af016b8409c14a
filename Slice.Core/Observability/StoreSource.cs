namespace Slice.Core.Observability;

/// <summary>Where the figures of the store come from. Each function is called when metrics are read, from any thread.</summary>
public sealed record StoreSource
{
    /// <summary>Slices in the store.</summary>
    public required Func<long> Slices { get; init; }

    /// <summary>Objects in the store.</summary>
    public required Func<long> Objects { get; init; }

    /// <summary>Bytes taken.</summary>
    public required Func<long> UsedBytes { get; init; }

    /// <summary>Most bytes that it may take.</summary>
    public required Func<long> CapacityBytes { get; init; }

    /// <summary>Bytes of disk or memory that it has taken so far.</summary>
    public required Func<long> AllocatedBytes { get; init; }

    /// <summary>Bytes of memory beside it, for slices that it cannot keep just now.</summary>
    public required Func<long> OverflowBytes { get; init; }

    /// <summary>Bytes of memory that the index takes: keys, heads and tables.</summary>
    public required Func<long> IndexBytes { get; init; }

    /// <summary>Whether it takes writes.</summary>
    public required Func<bool> IsWritable { get; init; }

    /// <summary>Whether it is on disk.</summary>
    public required Func<bool> IsPersistent { get; init; }

    /// <summary>Whether it is in memory although it was to be on disk, because its directory cannot be used.</summary>
    public Func<bool> IsDirectoryUnusable { get; init; } = static () => false;
}
