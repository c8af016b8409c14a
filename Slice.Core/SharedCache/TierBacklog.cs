using Slice.Core.Caching;
using Slice.Core.Objects;

namespace Slice.Core.SharedCache;

/// <summary>
/// What waits to be told to the other instances, while the store is away above all. It has a bound: what finds no room is told as one purge
/// of everything, which is soft unless something that was dropped was a removal. Thread-safe; one caller at a time takes.
/// </summary>
internal sealed class TierBacklog
{
    /// <summary>Most events that wait. Arbitrary.</summary>
    public const int MostEvents = 4096;

    /// <summary>Most purges of many objects that wait: as many as an instance remembers.</summary>
    public const int MostPurges = PurgesInForce.MaxPurges;

    /// <summary>Most events of a batch. Arbitrary.</summary>
    public const int EventsAtOnce = 256;

    // Each is three operations, and between two portions the news are heard. Arbitrary.
    private const int LearnedAtOnce = 32;

    private readonly Lock _lock = new();
    private readonly List<TierEvent> _events = [];
    private readonly List<TierEvent> _learned = [];
    private readonly List<Purge> _purges = [];
    private readonly List<Purge> _beingTold = [];
    private long _dropped;
    private long _toldDropped;
    private bool _hasDroppedRemoval;
    private long _changes;

    /// <summary>How often anything was added or taken out.</summary>
    public long Changes
    {
        get
        {
            lock (_lock)
            {
                return _changes;
            }
        }
    }

    /// <summary>All that is to be told.</summary>
    public UntoldNews Untold
    {
        get
        {
            lock (_lock)
            {
                return new UntoldNews([.. _events, .. _learned], [.. _purges], _dropped != _toldDropped, _hasDroppedRemoval);
            }
        }
    }

    /// <summary>Adds an event, or notes that there was one more.</summary>
    public void Add(TierEvent told)
    {
        lock (_lock)
        {
            _changes++;
            if (_events.Count + _learned.Count < MostEvents)
            {
                (told.MayBeKnown ? _learned : _events).Add(told);
            }
            else
            {
                if (told.Successor is { } successor)
                {
                    // Nobody else will say that it was told: once the purge in its place is, no head of before that purge is used.
                    successor.IsUntold = false;
                }

                DropUnsynchronized(told.IsRemoval);
            }
        }
    }

    /// <summary>Adds a purge, or notes that there was one more.</summary>
    public void Add(Purge purge)
    {
        lock (_lock)
        {
            _changes++;
            if (_purges.Count < MostPurges)
            {
                _purges.Add(purge);
            }
            else
            {
                DropUnsynchronized(isRemoval: !purge.IsSoft);
            }
        }
    }

    /// <summary>Adds what an earlier process had to tell.</summary>
    public void Restore(UntoldNews untold)
    {
        lock (_lock)
        {
            foreach (var told in untold.Events)
            {
                Add(told);
            }

            foreach (var purge in untold.Purges)
            {
                Add(purge);
            }

            _changes++;
            if (untold.HasDropped)
            {
                DropUnsynchronized(untold.HasDroppedRemoval);
            }
        }
    }

    /// <summary>Until the result is disposed a purge hides what it covers, as one that waits to be told.</summary>
    public IDisposable Hide(Purge purge)
    {
        lock (_lock)
        {
            _beingTold.Add(purge);
        }

        return new HiddenScope(this, purge);
    }

    /// <summary>
    /// Whether an object of the store was purged here, and the store does not know it yet: it would come back.
    /// </summary>
    public bool Hides(ReadOnlySpan<byte> key, CacheTags? tags)
    {
        lock (_lock)
        {
            if (_dropped != _toldDropped)
            {
                return true;
            }

            foreach (var purge in _beingTold)
            {
                if (purge.Covers(key, tags))
                {
                    return true;
                }
            }

            foreach (var purge in _purges)
            {
                if (purge.Covers(key, tags))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether anything that was learned of alone waits to be compared.</summary>
    public bool HasLearned
    {
        get
        {
            lock (_lock)
            {
                return _learned.Count > 0;
            }
        }
    }

    /// <summary>
    /// The first events of what was learned of alone, which are to be compared with the store, unless something about their keys waits to
    /// be told; they stay until <see cref="RemoveLearned"/>.
    /// </summary>
    public TierEvent[] PeekLearned()
    {
        lock (_lock)
        {
            return [.. _learned.Take(LearnedAtOnce)];
        }
    }

    /// <summary>Whether something waits to be told about a key.</summary>
    public bool HasEventOf(byte[] key)
    {
        lock (_lock)
        {
            return _events.Exists(told => told.Key.AsSpan().SequenceEqual(key));
        }
    }

    /// <summary>Takes the first of those out, and puts among the others what is to be told all the same.</summary>
    public void RemoveLearned(int count, IEnumerable<TierEvent> toTell)
    {
        lock (_lock)
        {
            _changes++;
            _learned.RemoveRange(0, count);
            _events.AddRange(toTell);
        }
    }

    /// <summary>What is to be told next, which stays until <see cref="Remove"/>.</summary>
    public Batch Peek()
    {
        lock (_lock)
        {
            bool hasDropped = _dropped != _toldDropped;
            return new Batch([.. _events.Take(EventsAtOnce)], [.. _purges], _dropped, hasDropped, _hasDroppedRemoval);
        }
    }

    /// <summary>Takes out what was told, and puts back behind it what is left of it to do.</summary>
    public void Remove(Batch told, IEnumerable<TierEvent> rest)
    {
        lock (_lock)
        {
            _changes++;
            _events.RemoveRange(0, told.Events.Length);
            _events.AddRange(rest);
            _purges.RemoveRange(0, told.Purges.Length);
            _toldDropped = told.Dropped;

            // What was dropped while the batch was told is none of it.
            _hasDroppedRemoval &= _dropped != told.Dropped;
        }
    }

    private sealed class HiddenScope(TierBacklog backlog, Purge purge) : IDisposable
    {
        private bool _isOver;

        public void Dispose()
        {
            lock (backlog._lock)
            {
                // Another one like it may be on its way.
                if (!_isOver)
                {
                    backlog._beingTold.Remove(purge);
                }

                _isOver = true;
            }
        }
    }

    private void DropUnsynchronized(bool isRemoval)
    {
        _dropped++;
        _hasDroppedRemoval |= isRemoval;
    }

    /// <summary>A part of it.</summary>
    /// <param name="Events">The oldest events.</param>
    /// <param name="Purges">The purges.</param>
    /// <param name="Dropped">How much was dropped until then, ever.</param>
    /// <param name="HasDropped">Whether some of that was not told.</param>
    /// <param name="HasDroppedRemoval">Whether some of that took objects away, for which a soft purge would not do.</param>
    public sealed record Batch(TierEvent[] Events, Purge[] Purges, long Dropped, bool HasDropped, bool HasDroppedRemoval)
    {
        /// <summary>Whether there is nothing to tell.</summary>
        public bool IsEmpty => Events.Length == 0 && Purges.Length == 0 && !HasDropped;
    }
}
