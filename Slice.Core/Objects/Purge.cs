using Slice.Core.Caching;

namespace Slice.Core.Objects;

/// <summary>
/// A purge of many objects: everything in its scope that was asked for before it is gone, or stale when it is soft. Its numbers grow while
/// the objects are found, one by one (<see cref="PurgeSweeper"/>). Thread-safe.
/// </summary>
public sealed class Purge
{
    private readonly TaskCompletionSource _swept = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _prefix;
    private readonly ulong[] _tags;
    private int _objects;
    private long _slices;

    private Purge(PurgeScope scope, bool isSoft, Instant at, byte[] prefix, ulong[] tags)
    {
        (Scope, IsSoft, At) = (scope, isSoft, at);
        (_prefix, _tags) = (prefix, tags);
    }

    /// <summary>What it is of.</summary>
    public PurgeScope Scope { get; }

    /// <summary>Whether the objects stay, and are validated before their next use.</summary>
    public bool IsSoft { get; }

    /// <summary>When.</summary>
    public Instant At { get; }

    /// <summary>The beginning of the keys that it is of; empty for another scope.</summary>
    public ReadOnlySpan<byte> Prefix => _prefix;

    /// <summary>The hashes of the tags that it is of (<see cref="CacheTags"/>), in order; empty for another scope.</summary>
    public ReadOnlySpan<ulong> Tags => _tags;

    /// <summary>Objects found so far.</summary>
    public int Objects => Volatile.Read(ref _objects);

    /// <summary>Slices that they had.</summary>
    public long Slices => Volatile.Read(ref _slices);

    /// <summary>Completes when every object was looked at, so that the numbers are final. Never faults.</summary>
    public Task Swept => _swept.Task;

    /// <summary>Which one it is, counted from 1 at the start of its process; 0 before it is in force.</summary>
    internal long Number { get; set; }

    /// <summary>A purge of everything.</summary>
    public static Purge OfAll(bool isSoft, Instant at) => new(PurgeScope.All, isSoft, at, [], []);

    /// <summary>A purge of the objects whose key begins with <paramref name="prefix"/>.</summary>
    public static Purge OfPrefix(ReadOnlySpan<byte> prefix, bool isSoft, Instant at) =>
        new(PurgeScope.Prefix, isSoft, at, prefix[..Math.Min(prefix.Length, CacheKey.MaxPrefixBytes)].ToArray(), []);

    /// <summary>A purge of the objects that have one of the tags, whose hashes are in order (<see cref="CacheTags.HashesOf"/>).</summary>
    public static Purge OfTags(ulong[] tags, bool isSoft, Instant at) => new(PurgeScope.Tags, isSoft, at, [], tags);

    /// <summary>Whether an object of this key, with these tags, is in its scope.</summary>
    internal bool Covers(ReadOnlySpan<byte> key, CacheTags? tags) => Scope switch
    {
        PurgeScope.Prefix => CacheKey.IsUnder(key, _prefix),
        PurgeScope.Tags => tags?.HasAnyOf(_tags) == true,
        _ => true,
    };

    /// <summary>Whether an object of this key may be in its scope, as long as nobody knows the tags.</summary>
    internal bool MayCover(ReadOnlySpan<byte> key) => Scope != PurgeScope.Prefix || CacheKey.IsUnder(key, _prefix);

    /// <summary>Counts an object that it was for.</summary>
    internal void Count(int slices)
    {
        Interlocked.Increment(ref _objects);
        Interlocked.Add(ref _slices, slices);
    }

    /// <summary>Every object was looked at.</summary>
    internal void MarkSwept() => _swept.TrySetResult();
}
