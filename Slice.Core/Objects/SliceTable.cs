using System.Diagnostics;
using Slice.Core.Storage;

namespace Slice.Core.Objects;

/// <summary>
/// The stored slices of one generation by index: a tree of pages that are made when first written and go when they are empty, so that its
/// memory follows what is stored and never what the origin claims. Lock-free and thread-safe; every change is one compare-and-swap of one
/// slot. Finding a slice takes one step for each level: one up to 32 slices, two up to 4,096, four for the largest object.
/// </summary>
internal sealed class SliceTable
{
    // 32 slots: slices that lie scattered over a large object cost about 320 bytes each. With 128 slots in the pages above them the largest
    // object, 2 to the power of 26 slices, has four levels, and 4 KiB hold one slice of it.
    private const int LeafShift = 5;
    private const int PageShift = 7;
    private const int LeafMask = (1 << LeafShift) - 1;
    private const int PageMask = (1 << PageShift) - 1;

    private readonly SlicePage _root;
    private readonly int _rootLevel;
    private readonly int _sliceCount;
    private int _stored;
    private long _bytes;

    public SliceTable(int sliceCount)
    {
        _sliceCount = sliceCount;
        while (sliceCount > 1 << ReachShift(_rootLevel))
        {
            _rootLevel++;
        }

        _root = NewPage(_rootLevel, sliceIndex: 0);
        _bytes = _root.Bytes;
    }

    /// <summary>Slices in the table now.</summary>
    public int Stored => Volatile.Read(ref _stored);

    /// <summary>Bytes of memory that its pages take, about; without the slices themselves.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The slice at an index, or null.</summary>
    public StoredSlice? Find(int sliceIndex)
    {
        Debug.Assert((uint)sliceIndex < (uint)_sliceCount, "The index lies in the table.");
        var page = _root;
        for (int level = _rootLevel; level > 0; level--)
        {
            if (Volatile.Read(ref page.Pages[SlotOf(sliceIndex, level)]) is not { } below)
            {
                return null;
            }

            page = below;
        }

        return Volatile.Read(ref page.Slices[sliceIndex & LeafMask]);
    }

    /// <summary>The slices in the table, in order; a change meanwhile may be seen or not.</summary>
    public IEnumerable<StoredSlice> All
    {
        get
        {
            int end;
            for (int first = 0; first < _sliceCount; first = end)
            {
                var leaf = LeafAt(first, out end);
                for (int slot = 0; leaf is not null && slot < leaf.Slices.Length; slot++)
                {
                    if (Volatile.Read(ref leaf.Slices[slot]) is { } slice)
                    {
                        yield return slice;
                    }
                }
            }
        }
    }

    /// <summary>
    /// How many of the <paramref name="count"/> slices from <paramref name="first"/> on are in the table now; a change meanwhile may be
    /// counted or not.
    /// </summary>
    /// <param name="first">First index, inside the table like the last one.</param>
    /// <param name="count">How many indexes.</param>
    /// <param name="looks">Slots and missing pages that were looked at: none for the whole table, and otherwise at most half of the slots,
    /// as the shorter side is counted, those of the range or those outside.</param>
    public int CountStored(int first, int count, out int looks)
    {
        looks = 0;
        int stored = Stored;
        if (stored == 0 || count == 0)
        {
            return 0;
        }

        if (count <= _sliceCount / 2)
        {
            return CountSlots(first, first + count, ref looks);
        }

        // A slot changes before the number does, and both while we look: a difference that leaves its bounds is one of that moment.
        int outside = CountSlots(0, first, ref looks) + CountSlots(first + count, _sliceCount, ref looks);
        return Math.Clamp(stored - outside, 0, count);
    }

    /// <summary>Puts a slice where none is; false when there is one.</summary>
    public bool TryAdd(int sliceIndex, StoredSlice slice)
    {
        Debug.Assert((uint)sliceIndex < (uint)_sliceCount, "The index lies in the table.");
        bool isAdded = TryAdd(_root, _rootLevel, sliceIndex, slice, out _);
        if (isAdded)
        {
            Interlocked.Increment(ref _stored);
        }

        return isAdded;
    }

    /// <summary>Takes exactly this slice out; true for the one caller that did.</summary>
    public bool TryRemove(int sliceIndex, StoredSlice slice)
    {
        bool isRemoved = TryRemove(_root, _rootLevel, sliceIndex, slice, out _);
        if (isRemoved)
        {
            Interlocked.Decrement(ref _stored);
        }

        return isRemoved;
    }

    /// <summary>Takes every slice out, handing each to <paramref name="removed"/>.</summary>
    public void Clear(Action<StoredSlice> removed)
    {
        int end;
        for (int first = 0; first < _sliceCount; first = end)
        {
            var leaf = LeafAt(first, out end);
            for (int slot = 0; leaf is not null && slot < leaf.Slices.Length; slot++)
            {
                if (Volatile.Read(ref leaf.Slices[slot]) is { } slice && TryRemove((first & ~LeafMask) + slot, slice))
                {
                    removed(slice);
                }
            }
        }
    }

    // How many bits of an index a page of this level tells apart, with those below it.
    private static int ReachShift(int level) => LeafShift + (level * PageShift);

    private static int SlotOf(int sliceIndex, int level) => (sliceIndex >> ReachShift(level - 1)) & PageMask;

    // The slots of a page that is not full are as few as the object has slices, so that a million small objects cost little.
    private SlicePage NewPage(int level, int sliceIndex, int entries = 0)
    {
        int first = sliceIndex & -(1 << ReachShift(level));
        int slotShift = level == 0 ? 0 : ReachShift(level - 1);
        int slots = (_sliceCount - first + (1 << slotShift) - 1) >> slotShift;
        return new SlicePage(level, Math.Min(slots, level == 0 ? LeafMask + 1 : PageMask + 1), entries);
    }

    // The page that has the slot of an index, and where the next one begins; null when it or one above is missing.
    private SlicePage? LeafAt(int sliceIndex, out int end)
    {
        var page = _root;
        int level = _rootLevel;
        while (level > 0 && page is not null)
        {
            page = Volatile.Read(ref page.Pages[SlotOf(sliceIndex, level)]);
            level--;
        }

        end = ((sliceIndex >> ReachShift(level)) + 1) << ReachShift(level);
        return page;
    }

    private int CountSlots(int first, int end, ref int looks)
    {
        int stored = 0;
        while (first < end)
        {
            var leaf = LeafAt(first, out int pageEnd);
            pageEnd = Math.Min(end, pageEnd);
            looks += leaf is null ? 1 : pageEnd - first;
            for (int index = first; leaf is not null && index < pageEnd; index++)
            {
                stored += Volatile.Read(ref leaf.Slices[index & LeafMask]) is null ? 0 : 1;
            }

            first = pageEnd;
        }

        return stored;
    }

    // Below a page that the caller has entered. What has become of its slot: 1 when it is full now and was empty, -1 the other way around.
    private bool TryAdd(SlicePage page, int level, int sliceIndex, StoredSlice slice, out int filled)
    {
        if (level == 0)
        {
            bool isAdded = Interlocked.CompareExchange(ref page.Slices[sliceIndex & LeafMask], slice, null) is null;
            filled = isAdded ? 1 : 0;
            return isAdded;
        }

        ref var slot = ref page.Pages[SlotOf(sliceIndex, level)];
        var below = Enter(ref slot, level - 1, sliceIndex, out filled);
        bool isDone = TryAdd(below, level - 1, sliceIndex, slice, out int filledBelow);
        filled -= Leave(ref slot, below, 1 - filledBelow);
        return isDone;
    }

    private bool TryRemove(SlicePage page, int level, int sliceIndex, StoredSlice slice, out int emptied)
    {
        emptied = 0;
        if (level == 0)
        {
            emptied = Interlocked.CompareExchange(ref page.Slices[sliceIndex & LeafMask], null, slice) == slice ? 1 : 0;
            return emptied != 0;
        }

        ref var slot = ref page.Pages[SlotOf(sliceIndex, level)];
        if (Volatile.Read(ref slot) is not { } below
            || !TryRemove(below, level - 1, sliceIndex, slice, out int emptiedBelow))
        {
            return false;
        }

        emptied = Leave(ref slot, below, emptiedBelow);
        return true;
    }

    // The page in a slot, entered; a new one where none is, or one that somebody has closed and not taken out yet.
    private SlicePage Enter(ref SlicePage? slot, int level, int sliceIndex, out int filled)
    {
        while (true)
        {
            var page = Volatile.Read(ref slot);
            if (page is not null && page.TryEnter())
            {
                filled = 0;
                return page;
            }

            var created = NewPage(level, sliceIndex, entries: 1);
            if (Interlocked.CompareExchange(ref slot, created, page) == page)
            {
                Interlocked.Add(ref _bytes, created.Bytes - (page?.Bytes ?? 0));
                filled = page is null ? 1 : 0;
                return created;
            }
        }
    }

    // Gives entries of a page back, and takes the page out when they were the last; 1 when its slot is empty for that.
    private int Leave(ref SlicePage? slot, SlicePage page, int entries)
    {
        if (entries > 0 && page.Leave(entries) && Interlocked.CompareExchange(ref slot, null, page) == page)
        {
            Interlocked.Add(ref _bytes, -page.Bytes);
            return 1;
        }

        return 0;
    }
}
