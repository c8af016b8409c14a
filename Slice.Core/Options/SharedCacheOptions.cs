namespace Slice.Core.Options;

/// <summary>The tier that several instances share, between the cache of each and the origin (<c>shared_cache</c>).</summary>
public sealed record SharedCacheOptions
{
    /// <summary>What it is. Default <see cref="SharedCacheType.None"/>.</summary>
    public SharedCacheType Type { get; init; }

    /// <summary>
    /// Servers, each <c>HOST:PORT</c>; of Redis one is enough to find the others of a cluster, and with <see cref="Sentinel"/> they are
    /// the sentinels. None for a directory.
    /// </summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>The directory of that type; null for another one.</summary>
    public string? Directory { get; init; }

    /// <summary>Most bytes that the directory keeps. Default 100 GiB, arbitrary.</summary>
    public long DirectorySizeBytes { get; init; } = 100L << 30;

    /// <summary>Whether a file of the directory is on its disk before it can be read. Default false: a lost one is a miss.</summary>
    public bool FlushesDirectory { get; init; }

    /// <summary>The name under which the sentinels know the primary of Redis; null where there are none.</summary>
    public string? Sentinel { get; init; }

    /// <summary>User name for Redis (ACL); null for the default user.</summary>
    public string? User { get; init; }

    /// <summary>Password for Redis; null for none.</summary>
    public string? Password { get; init; }

    /// <summary>Whether Redis is reached over TLS. Default false.</summary>
    public bool UsesTls { get; init; }

    /// <summary>CA certificates in PEM that alone are trusted for it; null for the system's.</summary>
    public string? TlsCaFile { get; init; }

    /// <summary>Name in SNI and in the certificate; null for the host of the address.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>
    /// What all keys begin with: 1 to 64 of <c>A-Z a-z 0-9 . _ : -</c>. Default <c>pslice:</c>. Instances share what they have under one
    /// prefix, and nothing else.
    /// </summary>
    public string Prefix { get; init; } = "pslice:";

    /// <summary>How long one operation may take before its answer begins. Default 50 ms.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long after one instance has seen a change or a removal the others still go by what was before. Default 1 s.</summary>
    public TimeSpan Coherence { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Whether one instance asks the origin for what several miss at once, and the others wait for it. Default true.
    /// </summary>
    public bool Collapses { get; init; } = true;

    /// <summary>
    /// Key of a MAC on each value (HMAC-SHA256), so that nobody without it can make an instance serve bytes of his; null for none.
    /// </summary>
    public string? MacKey { get; init; }

    /// <summary>
    /// Longest value that a server of Memcached takes, as its own <c>-I</c> says; longer ones are split. Default 1 MiB, Memcached's.
    /// </summary>
    public int ItemSizeBytes { get; init; } = 1 << 20;

    /// <summary>Connections to each server that slices go over. Default 2.</summary>
    public int Connections { get; init; } = 2;

    /// <summary>Bytes of a slice that come ahead of the rest; null for the usual number, others only in tests.</summary>
    internal int? BeginningBytes { get; init; }
}
