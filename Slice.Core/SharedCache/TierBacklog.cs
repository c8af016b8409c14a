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

    private readonly Lock _lock = new();
    private readonly List<TierEvent> _events = [];
    private readonly List<Purge> _purges = [];
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
                return new UntoldNews([.. _events], [.. _purges], _dropped != _toldDropped, _hasDroppedRemoval);
            }
        }
    }

    /// <summary>Adds an event, or notes that there was one more.</summary>
    public void Add(TierEvent told)
    {
        lock (_lock)
        {
            _changes++;
            if (_events.Count < MostEvents)
            {
                _events.Add(told);
            }
            else
            {
                if (told.Successor is { } successor)
                {
                    // Nobody else will say that it was told: once the purge in its place is, no head of before that purge is used.
                    successor.IsUntold = false;
                }

                DropUnsynchronized(told.Kind == TierEventKind.Removed);
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
