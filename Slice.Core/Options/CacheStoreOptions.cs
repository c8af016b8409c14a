namespace Slice.Core.Options;

/// <summary>The slice store: one tier, in memory or on disk.</summary>
public sealed record CacheStoreOptions
{
    /// <summary>Default of <see cref="Directory"/>.</summary>
    public const string DefaultDirectory = "/var/cache/pingora-slice";

    /// <summary>Default of <see cref="DiskSizeBytes"/>.</summary>
    public const long DefaultDiskSizeBytes = 10L << 30;

    /// <summary>Bytes kept when the store is in memory. Default 256 MiB.</summary>
    public long MemorySizeBytes { get; init; } = 256L << 20;

    /// <summary>
    /// Whether the store is on disk (<c>enable_l2_cache</c>), where the kernel's page cache is the memory tier. Null, the default: decided
    /// at the start by the directory; as false where nobody decides.
    /// </summary>
    public bool? OnDisk { get; init; }

    /// <summary>Directory of the store on disk (<c>l2_cache_dir</c>). Default <see cref="DefaultDirectory"/>.</summary>
    public string Directory { get; init; } = DefaultDirectory;

    /// <summary>Whether a directory that cannot be used ends the start (<c>l2_cache_required</c>). Default true.</summary>
    public bool IsDirectoryRequired { get; init; } = true;

    /// <summary>Bytes kept when the store is on disk (<c>cache_size</c>); a hard limit. Default 10 GiB.</summary>
    public long DiskSizeBytes { get; init; } = DefaultDiskSizeBytes;

    /// <summary>
    /// Whether the process that has the directory is about to let go of it: the one that this process takes over from. The store is in
    /// memory until then. No key of the configuration: whoever starts an instance in the place of another says so.
    /// </summary>
    internal bool WaitsForLock { get; init; }
}
