namespace Slice.Core.Objects.Journal;

/// <summary>What a store on disk is to be, and what happens when its directory cannot be used. Immutable.</summary>
public sealed record StoreOpening
{
    /// <summary>The directory; made when it is missing.</summary>
    public required string Directory { get; init; }

    /// <summary>Most bytes that it takes of the disk, with its journal.</summary>
    public required long DiskBytes { get; init; }

    /// <summary>Most bytes while it is in memory.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>
    /// Whether a directory that cannot be used is an error. Otherwise the store begins in memory, and moves in when the directory can be
    /// used. Default true.
    /// </summary>
    public bool IsRequired { get; init; } = true;

    /// <summary>
    /// Whether another process that has the directory is about to let go of it, as the old one does after an upgrade of the program: the
    /// store begins in memory, whatever <see cref="IsRequired"/> says, tries the lock every second, and moves in. Default false.
    /// </summary>
    public bool WaitsForLock { get; init; }
}
