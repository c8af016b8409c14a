using System.Numerics;

namespace Slice.Core.Storage;

/// <summary>
/// Cuts one segment into extents: a buddy allocator with units of <see cref="UnitBytes"/>. Not thread-safe; the store calls it
/// under its lock.
/// </summary>
/// <remarks>
/// <para>
/// Free space is kept as blocks of 2^order units, aligned to their own size, one bitmap per order. An allocation takes the smallest
/// block that is large enough, splits it down, and gives the unused tail back at once, so that a 10 MiB slice takes 10 MiB and not
/// 16. Freeing cuts the extent into aligned blocks again and merges each with its free buddy for as long as there is one.
/// </para>
/// <para>
/// The bitmaps of a segment of 1 GiB are 64 KiB, as much as the index of its slices of 1 MiB; but those leave the small orders empty. So
/// the words are made in groups when first used: 2 KiB for such a segment.
/// </para>
/// </remarks>
internal sealed class ExtentAllocator
{
    /// <summary>Smallest extent: one page, so that an extent never shares a page with another.</summary>
    public const int UnitBytes = 4096;

    private const int BitsPerWord = 64;

    // Words of a group, 512 bytes; the last group of an order has as many as are left.
    private const int WordsPerGroup = 64;

    // By order, then by group; a group that was never used is null, and all of it is zero.
    private readonly ulong[]?[][] _freeBlocks;
    private readonly int[] _wordCount;
    private readonly int[] _freeBlockCount;

    // Index of the lowest word that can hold a set bit: keeps the search for a block from starting at zero each time.
    private readonly int[] _lowestWord;
    private readonly int _unitCount;
    private readonly int _highestOrder;
    private int _openUnits;
    private int _freeUnits;

    /// <summary>An allocator over <paramref name="capacityBytes"/> free bytes; a remainder below one unit is left unused.</summary>
    public ExtentAllocator(int capacityBytes)
        : this(capacityBytes, capacityBytes)
    {
    }

    /// <summary>The same, of which the first <paramref name="openBytes"/> can be allocated for now; see <see cref="Open"/>.</summary>
    public ExtentAllocator(int capacityBytes, int openBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacityBytes, UnitBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(openBytes, capacityBytes);
        _unitCount = capacityBytes / UnitBytes;
        _highestOrder = BitOperations.Log2((uint)_unitCount);
        _freeBlocks = new ulong[]?[_highestOrder + 1][];
        _wordCount = new int[_highestOrder + 1];
        for (int order = 0; order <= _highestOrder; order++)
        {
            _wordCount[order] = ((_unitCount >> order) / BitsPerWord) + 1;
            _freeBlocks[order] = new ulong[]?[((_wordCount[order] - 1) / WordsPerGroup) + 1];
        }

        _freeBlockCount = new int[_highestOrder + 1];
        _lowestWord = new int[_highestOrder + 1];
        Open(openBytes);
    }

    /// <summary>Bytes not allocated.</summary>
    public long FreeBytes => (long)_freeUnits * UnitBytes;

    /// <summary>Whether nothing is allocated.</summary>
    public bool IsAllFree => _freeUnits == _openUnits;

    /// <summary>
    /// The order of the largest free block, plus 1; 0 when nothing is free. There is room for an extent when this is not less than its
    /// <see cref="RoomFor"/>.
    /// </summary>
    public byte Room
    {
        get
        {
            int order = _highestOrder;
            while (order >= 0 && _freeBlockCount[order] == 0)
            {
                order--;
            }

            return (byte)(order + 1);
        }
    }

    /// <summary>The least <see cref="Room"/> of an allocator that has an extent of so many bytes; 1 or more.</summary>
    public static byte RoomFor(int lengthBytes) => (byte)(CeilingLog2(Math.Max(1, UnitsFor(lengthBytes))) + 1);

    /// <summary>Bytes that an allocation of <paramref name="lengthBytes"/> takes: whole units, at least one.</summary>
    public static int RoundUp(int lengthBytes) => Math.Max(1, UnitsFor(lengthBytes)) * UnitBytes;

    /// <summary>Makes the bytes up to <paramref name="openBytes"/> allocatable; nothing when they are already.</summary>
    public void Open(int openBytes)
    {
        int first = _openUnits;
        _openUnits = Math.Max(first, Math.Min(openBytes / UnitBytes, _unitCount));
        FreeUnits(first, _openUnits - first);
    }

    /// <summary>
    /// Takes one contiguous extent of at least <paramref name="lengthBytes"/> bytes; false when no block is large enough.
    /// </summary>
    public bool TryAllocate(int lengthBytes, out int offsetBytes)
    {
        offsetBytes = 0;
        int units = Math.Max(1, UnitsFor(lengthBytes));
        if (units > _freeUnits)
        {
            return false;
        }

        int wantedOrder = CeilingLog2(units);
        int order = wantedOrder;
        while (order <= _highestOrder && _freeBlockCount[order] == 0)
        {
            order++;
        }

        if (order > _highestOrder)
        {
            return false;
        }

        int block = TakeLowestBlock(order);
        while (order > wantedOrder)
        {
            order--;
            block <<= 1;
            SetFree(order, block + 1);
        }

        int firstUnit = block << order;
        _freeUnits -= 1 << order;
        int tailUnits = (1 << order) - units;
        if (tailUnits > 0)
        {
            FreeUnits(firstUnit + units, tailUnits);
        }

        offsetBytes = firstUnit * UnitBytes;
        return true;
    }

    /// <summary>Takes one particular extent, as it was allocated in an earlier run; false when any of it is taken, or outside.</summary>
    public bool TryTake(int offsetBytes, int lengthBytes)
    {
        int first = offsetBytes / UnitBytes;
        int end = first + Math.Max(1, UnitsFor(lengthBytes));
        if (offsetBytes < 0 || offsetBytes % UnitBytes != 0 || end > _openUnits)
        {
            return false;
        }

        for (int unit = first; unit < end;)
        {
            int order = LargestBlockAt(unit, end);
            if (!TryTakeBlock(order, unit >> order))
            {
                FreeUnits(first, unit - first);
                return false;
            }

            _freeUnits -= 1 << order;
            unit += 1 << order;
        }

        return true;
    }

    /// <summary>Gives back an extent exactly as it was allocated: same offset, same length.</summary>
    /// <exception cref="InvalidOperationException">Some of it is free already, or lies outside: two would have it, the next time
    /// round.</exception>
    public void Free(int offsetBytes, int lengthBytes)
    {
        int first = offsetBytes / UnitBytes;
        int count = Math.Max(1, UnitsFor(lengthBytes));
        if (offsetBytes < 0 || offsetBytes % UnitBytes != 0 || count > _openUnits - first || IsAnyFree(first, first + count))
        {
            throw new InvalidOperationException(
                $"An extent of {lengthBytes} bytes at {offsetBytes} was freed that is not taken; "
                + $"{FreeBytes} of {(long)_openUnits * UnitBytes} bytes are free.");
        }

        FreeUnits(first, count);
    }

    private static int UnitsFor(int lengthBytes) => (int)(((long)lengthBytes + UnitBytes - 1) / UnitBytes);

    private static int CeilingLog2(int units) => units == 1 ? 0 : BitOperations.Log2((uint)(units - 1)) + 1;

    private void FreeUnits(int firstUnit, int count)
    {
        _freeUnits += count;
        int end = firstUnit + count;
        while (firstUnit < end)
        {
            int order = LargestBlockAt(firstUnit, end);
            MergeAndSetFree(order, firstUnit >> order);
            firstUnit += 1 << order;
        }
    }

    // Looks at one bit per block that touches the extent, in every order that has free blocks: a hundred words for 10 MiB.
    private bool IsAnyFree(int firstUnit, int endUnit)
    {
        for (int order = 0; order <= _highestOrder; order++)
        {
            if (_freeBlockCount[order] > 0 && IsAnyBlockFree(order, firstUnit >> order, (endUnit - 1) >> order))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsAnyBlockFree(int order, int firstBlock, int lastBlock)
    {
        for (int word = firstBlock / BitsPerWord; word <= lastBlock / BitsPerWord; word++)
        {
            ulong bits = WordAt(order, word);
            bits &= word == firstBlock / BitsPerWord ? ulong.MaxValue << (firstBlock % BitsPerWord) : ulong.MaxValue;
            bits &= word == lastBlock / BitsPerWord ? ulong.MaxValue >> (BitsPerWord - 1 - (lastBlock % BitsPerWord)) : ulong.MaxValue;
            if (bits != 0)
            {
                return true;
            }
        }

        return false;
    }

    private int LargestBlockAt(int unit, int end)
    {
        int alignedOrder = unit == 0 ? _highestOrder : BitOperations.TrailingZeroCount(unit);
        int fittingOrder = BitOperations.Log2((uint)(end - unit));
        return Math.Min(Math.Min(alignedOrder, fittingOrder), _highestOrder);
    }

    // Free buddies are always merged, so a free block is a free block of its own order or a part of one larger.
    private bool TryTakeBlock(int order, int block)
    {
        int freeOrder = order;
        while (freeOrder <= _highestOrder && !IsFree(freeOrder, block >> (freeOrder - order)))
        {
            freeOrder++;
        }

        if (freeOrder > _highestOrder)
        {
            return false;
        }

        ClearFree(freeOrder, block >> (freeOrder - order));
        while (freeOrder > order)
        {
            freeOrder--;
            SetFree(freeOrder, (block >> (freeOrder - order)) ^ 1);
        }

        return true;
    }

    private void MergeAndSetFree(int order, int block)
    {
        while (order < _highestOrder && IsFree(order, block ^ 1))
        {
            ClearFree(order, block ^ 1);
            block >>= 1;
            order++;
        }

        SetFree(order, block);
    }

    private int TakeLowestBlock(int order)
    {
        int word = _lowestWord[order];
        ulong bits;
        while ((bits = WordAt(order, word)) == 0)
        {
            // A group that is not there is passed over as a whole.
            word = _freeBlocks[order][word / WordsPerGroup] is null ? ((word / WordsPerGroup) + 1) * WordsPerGroup : word + 1;
        }

        _lowestWord[order] = word;
        int block = (word * BitsPerWord) + BitOperations.TrailingZeroCount(bits);
        ClearFree(order, block);
        return block;
    }

    private bool IsFree(int order, int block)
    {
        int word = block / BitsPerWord;
        return word < _wordCount[order] && (WordAt(order, word) & Bit(block)) != 0;
    }

    private ulong WordAt(int order, int word) => _freeBlocks[order][word / WordsPerGroup] is { } group ? group[word % WordsPerGroup] : 0;

    private void SetFree(int order, int block)
    {
        int word = block / BitsPerWord;
        int group = word / WordsPerGroup;
        _freeBlocks[order][group] ??= new ulong[Math.Min(WordsPerGroup, _wordCount[order] - (group * WordsPerGroup))];
        _freeBlocks[order][group]![word % WordsPerGroup] |= Bit(block);
        _freeBlockCount[order]++;
        _lowestWord[order] = Math.Min(_lowestWord[order], word);
    }

    private void ClearFree(int order, int block)
    {
        int word = block / BitsPerWord;
        _freeBlocks[order][word / WordsPerGroup]![word % WordsPerGroup] &= ~Bit(block);
        _freeBlockCount[order]--;
    }

    private static ulong Bit(int block) => 1UL << (block % BitsPerWord);
}
