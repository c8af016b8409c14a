namespace Slice.Core.Objects;

/// <summary>
/// The purges of many objects: by prefix, by tag, of all. A purge is in force as soon as it has its number; no object is looked at for
/// that. Thread-safe; readers take no lock.
/// </summary>
/// <remarks>
/// <para>
/// Every generation knows the number of the last purge that it has been held against (<see cref="GenerationHead.PurgesSeen"/>): at first
/// the one that was the last when it was asked for. Whoever finds a generation compares that number with <see cref="Latest"/>. As a rule
/// they are equal, and that is all there is to do. Else the purges in between are looked at once, and the generation goes, becomes stale,
/// or takes the new number.
/// </para>
/// <para>
/// A purge that every object was held against (<see cref="MarkSwept"/>) is still of use for what was asked for before it and has not come
/// yet. So the last <see cref="MaxPurges"/> are kept. What was asked for before older ones is not kept when it comes.
/// </para>
/// </remarks>
public sealed class PurgesInForce
{
    /// <summary>Most purges that are remembered. Arbitrary.</summary>
    public const int MaxPurges = 256;

    private readonly Lock _lock = new();
    private PurgeList _list = PurgeList.Empty;
    private long _latest;
    private long _swept;

    /// <summary>Number of the last purge; 0 when there was none.</summary>
    public long Latest => Volatile.Read(ref _latest);

    /// <summary>
    /// Who writes them down from now on; null for nobody. Those from before are in <see cref="List"/> when it has been set. Set once.
    /// </summary>
    internal IPurgeJournal? Journal
    {
        get;
        set
        {
            // Not while one gets its number: a store may move into its directory at any time.
            lock (_lock)
            {
                field = value;
            }
        }
    }

    /// <summary>Called when there is a purge to hold all objects against. Set once, before use; must not wait.</summary>
    internal Action? Added { get; set; }

    /// <summary>The last purges.</summary>
    internal PurgeList List => Volatile.Read(ref _list);

    /// <summary>
    /// Puts a purge in force: from the return on nothing in its scope is found that was asked for before. False, and nothing is purged,
    /// when <see cref="MaxPurges"/> are waiting for the objects to be held against them; then wait for <see cref="Purge.Swept"/> of
    /// <see cref="Oldest"/>.
    /// </summary>
    public bool TryAdd(Purge purge)
    {
        lock (_lock)
        {
            bool isFull = _list.Count == MaxPurges;
            if (isFull && _list.Oldest.Number > _swept)
            {
                return false;
            }

            purge.Number = _list.Latest + 1;
            Volatile.Write(ref _list, _list.With(purge, withoutOldest: isFull));
            Volatile.Write(ref _latest, purge.Number);

            // Under the lock, so that the journal has them in their order; after they are in force, which IndexJournal counts on.
            Journal?.Purged(purge);
        }

        Added?.Invoke();
        return true;
    }

    /// <summary>The oldest purge that is remembered; null when there is none.</summary>
    public Purge? Oldest => List is { Count: > 0 } list ? list.Oldest : null;

    /// <summary>Whether a purge between two moments may be for a key whose tags nobody knows.</summary>
    internal bool MayCover(ReadOnlySpan<byte> key, long since, long through)
    {
        if (since >= through)
        {
            return false;
        }

        var list = List;
        if (since < list.Forgotten)
        {
            return true;
        }

        foreach (var purge in list.Since(since))
        {
            if (purge.Number <= through && purge.MayCover(key))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Every object was held against the purges up to a number.</summary>
    internal void MarkSwept(long number)
    {
        lock (_lock)
        {
            foreach (var purge in _list.Since(_swept))
            {
                if (purge.Number <= number)
                {
                    purge.MarkSwept();
                }
            }

            _swept = Math.Max(_swept, number);
            Journal?.Swept(number);
        }
    }
}
