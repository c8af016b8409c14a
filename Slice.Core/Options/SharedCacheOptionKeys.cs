using static Slice.Core.Options.OptionKeys;

namespace Slice.Core.Options;

/// <summary>The rows of <see cref="OptionTable"/> for <c>shared_cache</c>. All wait for a restart.</summary>
internal static class SharedCacheOptionKeys
{
    private const string Group = "Shared cache";

    /// <summary>The keys, in the order of the documentation.</summary>
    public static IReadOnlyList<OptionKey> All { get; } = [.. Where(), .. Access(), .. Use()];

    private static IEnumerable<OptionKey> Where() =>
    [
        Choice(
            Group,
            "shared_cache.type",
            ["none", "redis", "memcached", "directory"],
            "What instances share their slices in: nothing, Redis or a server that speaks its protocol, servers of Memcached, or a "
                + "directory that all have mounted.",
            o => (int)o.SharedCache.Type, (o, v) => o with { SharedCache = o.SharedCache with { Type = (SharedCacheType)v } }).AtRestart(),
        Servers(
            Group,
            "shared_cache.address",
            "Servers of Redis or Memcached: of a cluster of Redis one or a few, of Memcached all, in the same spelling at each instance; "
                + "with sentinel the sentinels.",
            o => o.SharedCache.Addresses, (o, v) => o with { SharedCache = o.SharedCache with { Addresses = v } }).AtRestart(),
        OptionalText(Group, "shared_cache.directory", OptionKind.Directory, "The directory, with type directory.",
            o => o.SharedCache.Directory, (o, v) => o with { SharedCache = o.SharedCache with { Directory = v } }).AtRestart(),
        Size(Group, "shared_cache.directory_size", 64 * MiB, 1024 * TiB, "Most bytes that the directory keeps, of all instances together.",
            o => o.SharedCache.DirectorySizeBytes,
            (o, v) => o with { SharedCache = o.SharedCache with { DirectorySizeBytes = v } }).AtRestart(),
        Flag(
            Group,
            "shared_cache.directory_fsync",
            "Whether a file of the directory is on its disk before others read it; without, one that a crash loses is a miss.",
            o => o.SharedCache.FlushesDirectory,
            (o, v) => o with { SharedCache = o.SharedCache with { FlushesDirectory = v } }).AtRestart(),
    ];

    private static IEnumerable<OptionKey> Access() =>
    [
        OptionalText(
            Group,
            "shared_cache.sentinel",
            OptionKind.Word,
            "Name under which sentinels of Redis know the primary; the addresses are those of the sentinels then.",
            o => o.SharedCache.Sentinel, (o, v) => o with { SharedCache = o.SharedCache with { Sentinel = v } }).AtRestart(),
        OptionalText(Group, "shared_cache.user", OptionKind.Word, "User of Redis (ACL); without one, its default user.",
            o => o.SharedCache.User, (o, v) => o with { SharedCache = o.SharedCache with { User = v } }).AtRestart(),
        OptionalText(Group, "shared_cache.password", OptionKind.Secret, "Password for Redis.",
            o => o.SharedCache.Password, (o, v) => o with { SharedCache = o.SharedCache with { Password = v } }).AtRestart(),
        Flag(Group, "shared_cache.tls", "Whether Redis is reached over TLS, and has to prove its name.",
            o => o.SharedCache.UsesTls, (o, v) => o with { SharedCache = o.SharedCache with { UsesTls = v } }).AtRestart(),
        OptionalText(
            Group,
            "shared_cache.tls_ca_file",
            OptionKind.File,
            "CA certificates in PEM that alone are trusted for it, instead of the system's.",
            o => o.SharedCache.TlsCaFile, (o, v) => o with { SharedCache = o.SharedCache with { TlsCaFile = v } }).AtRestart(),
        OptionalText(
            Group,
            "shared_cache.tls_server_name",
            OptionKind.HostName,
            "Name in SNI and in its certificate, instead of the host of the address.",
            o => o.SharedCache.TlsServerName, (o, v) => o with { SharedCache = o.SharedCache with { TlsServerName = v } }).AtRestart(),
        Secret(
            Group,
            "shared_cache.mac_key",
            minimumLength: 16,
            "Secret of all instances that values are signed with, so that who may write to the tier cannot make us serve bytes of his own.",
            o => o.SharedCache.MacKey, (o, v) => o with { SharedCache = o.SharedCache with { MacKey = v } }).AtRestart(),
    ];

    private static IEnumerable<OptionKey> Use() =>
    [
        Text(Group, "shared_cache.prefix", OptionKind.KeyPrefix, "What all names in the tier begin with; instances with one prefix share.",
            o => o.SharedCache.Prefix, (o, v) => o with { SharedCache = o.SharedCache with { Prefix = v } }).AtRestart(),
        Duration(
            Group, "shared_cache.timeout", 1, 10_000,
            "Longest wait for the begin of an answer of the tier; one that is only busy is asked up to three times.",
            o => o.SharedCache.Timeout, (o, v) => o with { SharedCache = o.SharedCache with { Timeout = v } }).AtRestart(),
        Duration(
            Group,
            "shared_cache.coherence",
            100,
            60_000,
            "How long after one instance has seen a change or a removal another may still serve what was before.",
            o => o.SharedCache.Coherence, (o, v) => o with { SharedCache = o.SharedCache with { Coherence = v } }).AtRestart(),
        Flag(
            Group,
            "shared_cache.collapse",
            "Whether of several instances that miss the same slice one asks the origin, and the others wait for it.",
            o => o.SharedCache.Collapses, (o, v) => o with { SharedCache = o.SharedCache with { Collapses = v } }).AtRestart(),
        Size(
            Group,
            "shared_cache.item_size",
            64 * KiB,
            1024 * MiB,
            "Longest value that the servers of Memcached take (their option -I); what is longer is split.",
            o => o.SharedCache.ItemSizeBytes,
            (o, v) => o with { SharedCache = o.SharedCache with { ItemSizeBytes = (int)v } }).AtRestart(),
        Count(Group, "shared_cache.connections", 1, 16, "Connections to each server that slices go over.",
            o => o.SharedCache.Connections,
            (o, v) => o with { SharedCache = o.SharedCache with { Connections = (int)v } }).AtRestart(),
    ];
}
