namespace Slice.Core.Options;

/// <summary>The slice store: one tier, in memory or on disk.</summary>
public sealed record CacheStoreOptions
{
    /// <summary>Bytes kept when the store is in memory. Default 256 MiB.</summary>
    public long MemorySizeBytes { get; init; } = 256L << 20;

    /// <summary>
    /// Whether the store is on disk (<c>enable_l2_cache</c>). Default false. On disk, the kernel's page cache is the memory tier.
    /// </summary>
    public bool OnDisk { get; init; }

    /// <summary>Directory of the store on disk (<c>l2_cache_dir</c>). Default /var/cache/pingora-slice.</summary>
    public string Directory { get; init; } = "/var/cache/pingora-slice";

    /// <summary>Bytes kept when the store is on disk (<c>cache_size</c>); a hard limit. Default 10 GiB.</summary>
    public long DiskSizeBytes { get; init; } = 10L << 30;
}
