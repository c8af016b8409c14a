using Slice.Core.Caching;
using Slice.Core.Objects;

namespace Slice.Core.SharedCache;

/// <summary>
/// The purges of many objects that the instances of a fleet have made, by their numbers in the shared store: for what is found there that
/// was asked for before one of them. Thread-safe.
/// </summary>
internal sealed class TierPurges
{
    /// <summary>Most purges that are remembered; what was asked for before older ones is not used. As many as within one process.</summary>
    public const int MaxPurges = PurgesInForce.MaxPurges;

    private readonly Lock _lock = new();
    private Entry[] _inOrder = [];
    private long _latest;
    private long _forgotten;
    private long _lastForgottenRemoval;

    /// <summary>The number of the last one that is known; 0 for none.</summary>
    public long Latest => Volatile.Read(ref _latest);

    /// <summary>From now on what was asked for before <paramref name="number"/> is not used: nobody knows what came in between.</summary>
    public void Forget(long number)
    {
        lock (_lock)
        {
            _forgotten = Math.Max(_forgotten, number);
            Volatile.Write(ref _lastForgottenRemoval, Math.Max(_lastForgottenRemoval, number));
            Volatile.Write(ref _latest, Math.Max(_latest, number));
        }
    }

    /// <summary>Notes a purge; nothing when it is known.</summary>
    public void Add(long number, Purge purge)
    {
        lock (_lock)
        {
            if (Array.Exists(_inOrder, entry => entry.Number == number))
            {
                return;
            }

            Entry[] all = [.. _inOrder, new Entry(number, purge)];
            Array.Sort(all, static (one, other) => one.Number.CompareTo(other.Number));
            if (all.Length > MaxPurges)
            {
                _forgotten = Math.Max(_forgotten, all[0].Number);
                if (!all[0].Purge.IsSoft)
                {
                    Volatile.Write(ref _lastForgottenRemoval, Math.Max(_lastForgottenRemoval, all[0].Number));
                }

                all = all[1..];
            }

            Volatile.Write(ref _inOrder, all);
            Volatile.Write(ref _latest, Math.Max(_latest, number));
        }
    }

    /// <summary>Whether a purge has come for an object since it was asked for, or may have.</summary>
    public bool IsOutdated(ReadOnlySpan<byte> key, CacheTags? tags, long asked)
    {
        if (asked < Volatile.Read(ref _forgotten))
        {
            return true;
        }

        foreach (var (number, purge) in Volatile.Read(ref _inOrder))
        {
            if (number > asked && purge.Covers(key, tags))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a purge that is remembered has taken an object away since it was asked for.</summary>
    public bool HasRemovalAfter(ReadOnlySpan<byte> key, CacheTags? tags, long asked)
    {
        foreach (var (number, purge) in Volatile.Read(ref _inOrder))
        {
            if (number > asked && !purge.IsSoft && purge.Covers(key, tags))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The last purge that took away what was asked for before it, of those that an object has seen; 0 for none. A later call may give
    /// another number, when that purge is forgotten, but never one of before it: nobody knows then whom the forgotten ones were for. What
    /// was asked for in the midst of those has a number of its own, above every one of them that it has seen.
    /// </summary>
    public long LastFor(ReadOnlySpan<byte> key, CacheTags? tags, long asked)
    {
        long last = Math.Min(Volatile.Read(ref _lastForgottenRemoval), asked);
        foreach (var (number, purge) in Volatile.Read(ref _inOrder))
        {
            last = number <= asked && !purge.IsSoft && purge.Covers(key, tags) ? Math.Max(last, number) : last;
        }

        return last;
    }

    private readonly record struct Entry(long Number, Purge Purge);
}
