using Slice.Core.Storage;

namespace Slice.Core.Objects;

/// <summary>
/// The memory that the records of an index take, counted in bytes, and which record goes when they take more than they may. Thread-safe;
/// hits do not come here, they count in <see cref="IndexPlace.Uses"/>.
/// </summary>
/// <remarks>
/// S3-FIFO, as <see cref="S3FifoEviction"/> for the slices, and in a queue of its own: there the measure is bytes of the store, here it is
/// bytes of the index. A redirect under a long query takes nothing of the one and much of the other; evicting slices for it would empty
/// the store of large files, whose records weigh next to nothing. A new record goes to the small queue, a tenth of the bytes; at its end it
/// moves on when it was used twice. So a flood of records that nobody repeats displaces a tenth of the others.
/// What the records have in the journal of a store on disk is counted beside, has a budget too, and is kept within by the same queue.
/// </remarks>
/// <param name="budgetBytes">Most bytes.</param>
/// <param name="evict">Takes an object out of the index; called without a lock. Ends in <see cref="Remove"/>.</param>
internal sealed class IndexMemory(long budgetBytes, Action<Generation> evict)
{
    private const int SmallPercent = 10;
    private const int UsesToStay = 2;

    // As in S3FifoEviction, and for the same reason. Behind half of them uses count no more, and behind all not even that slices are on
    // their way to it: the budget holds.
    private const int MaxLooks = 4096;

    private readonly Lock _lock = new();
    private readonly LinkedList<Generation> _small = [];
    private readonly LinkedList<Generation> _main = [];
    private readonly GhostTable _ghosts = new();
    private long _smallBytes;
    private long _mainBytes;
    private long _journalBytes;

    /// <summary>Bytes that the records take, about.</summary>
    public long Bytes => Volatile.Read(ref _smallBytes) + Volatile.Read(ref _mainBytes);

    /// <summary>Most bytes that they may take.</summary>
    public long BudgetBytes => budgetBytes;

    /// <summary>Bytes that a journal of nothing but the records has.</summary>
    public long JournalBytes => Volatile.Read(ref _journalBytes);

    /// <summary>Most bytes that they may have there. Set before use.</summary>
    public long JournalBudgetBytes { get; set; } = long.MaxValue;

    private bool IsOver => Bytes > budgetBytes || JournalBytes > JournalBudgetBytes;

    /// <summary>Counts a record that has come to the index, and evicts what there is no room for any more.</summary>
    public void Add(Generation generation)
    {
        lock (_lock)
        {
            // Published once more it is counted once.
            Unlink(generation.Place.Node);
            generation.Memory = this;
            _ghosts.EnsureCapacity(_small.Count + _main.Count + 1);
            AddTo(_ghosts.Remove(IdentityOf(generation)) ? _main : _small, generation.Place.Node);
            WeighUnsynchronized(generation);
        }

        Shrink();
    }

    /// <summary>Counts a record anew that has changed, and evicts what there is no room for any more.</summary>
    public void Changed(Generation generation)
    {
        lock (_lock)
        {
            WeighUnsynchronized(generation);
        }

        if (IsOver)
        {
            Shrink();
        }
    }

    /// <summary>Counts a record no more.</summary>
    public void Remove(Generation generation)
    {
        lock (_lock)
        {
            Unlink(generation.Place.Node);
        }
    }

    private static ulong IdentityOf(Generation generation) => (uint)generation.Key.GetHashCode();

    private void Shrink()
    {
        while (TakeVictim() is { } victim)
        {
            evict(victim);
        }
    }

    private Generation? TakeVictim()
    {
        lock (_lock)
        {
            for (int looks = 0; IsOver && (_small.First ?? _main.First) is not null; looks++)
            {
                bool hasLookedEnough = looks > MaxLooks / 2;
                bool isSmall = _main.First is null
                    || (_small.First is not null && (hasLookedEnough ? looks % 2 == 0 : _smallBytes * 100 > Bytes * SmallPercent));
                var place = (isSmall ? _small : _main).First!;
                if (looks < MaxLooks && MustStay(place, isSmall, hasLookedEnough))
                {
                    continue;
                }

                Unlink(place);
                if (isSmall)
                {
                    _ghosts.Add(IdentityOf(place.Value));
                }

                return place.Value;
            }

            return null;
        }
    }

    // Whether the record at the old end stays, and goes to where it belongs.
    private bool MustStay(LinkedListNode<Generation> place, bool isSmall, bool hasLookedEnough)
    {
        var generation = place.Value;
        bool isPromoted = isSmall && generation.Place.Uses >= UsesToStay && !hasLookedEnough;
        bool isUsed = !isSmall && generation.Place.Uses > 0 && !hasLookedEnough;
        if (!generation.IsBeingFilled && !isPromoted && !isUsed)
        {
            return false;
        }

        int uses = isUsed && !generation.IsBeingFilled ? generation.Place.Uses - 1 : generation.Place.Uses;
        Unlink(place);
        AddTo(isPromoted || !isSmall ? _main : _small, place);
        WeighUnsynchronized(generation);
        generation.Place.Uses = isPromoted ? 0 : uses;
        return true;
    }

    private static void AddTo(LinkedList<Generation> queue, LinkedListNode<Generation> place)
    {
        place.Value.Place.Uses = 0;
        queue.AddLast(place);
    }

    private void Unlink(LinkedListNode<Generation> place)
    {
        if (place.List is { } queue)
        {
            queue.Remove(place);
            Count(queue, place.Value, bytes: 0, journalBytes: 0);
        }
    }

    private void WeighUnsynchronized(Generation generation)
    {
        if (generation.Place.Node.List is { } queue)
        {
            Count(queue, generation, IndexWeight.MemoryBytesOf(generation), IndexWeight.JournalBytesOf(generation));
        }
    }

    private void Count(LinkedList<Generation> queue, Generation generation, long bytes, long journalBytes)
    {
        ref long total = ref queue == _main ? ref _mainBytes : ref _smallBytes;
        Volatile.Write(ref total, total + bytes - generation.Place.Bytes);
        Volatile.Write(ref _journalBytes, _journalBytes + journalBytes - generation.Place.JournalBytes);
        (generation.Place.Bytes, generation.Place.JournalBytes) = (bytes, journalBytes);
    }
}
