namespace Slice.Core.Options;

/// <summary>What several instances share their slices in.</summary>
public enum SharedCacheType
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Redis, or a server that speaks its protocol: single, with sentinels, or a cluster.</summary>
    Redis,

    /// <summary>Servers of Memcached.</summary>
    Memcached,

    /// <summary>A directory that all of them have mounted.</summary>
    Directory,
}
