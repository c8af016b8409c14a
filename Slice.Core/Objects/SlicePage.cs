using Slice.Core.Storage;

namespace Slice.Core.Objects;

/// <summary>
/// One page of a <see cref="SliceTable"/>: slots for slices at the lowest level, and for pages above it. A page without entries is closed
/// and taken out of the page above, so that the memory of a table follows what is stored. Thread-safe.
/// </summary>
/// <remarks>
/// Who is about to fill a slot enters first, and who has emptied one leaves last: a page is never closed while a slot is full or about to
/// be filled. Thread A removes the last slice and closes the page; thread B, who came to it just before, cannot enter it any more and puts
/// a new one in its place; A sees that and leaves the new one where it is.
/// </remarks>
internal sealed class SlicePage
{
    private const int Closed = -1;
    private const int OwnBytes = 40;
    private const int ArrayOwnBytes = 24;

    private int _entries;

    /// <summary>An empty page.</summary>
    /// <param name="level">0 for slices; pages of the level below it otherwise.</param>
    /// <param name="slots">How many slots.</param>
    /// <param name="entries">How many have entered already.</param>
    public SlicePage(int level, int slots, int entries)
    {
        Slices = level == 0 ? new StoredSlice?[slots] : [];
        Pages = level == 0 ? [] : new SlicePage?[slots];
        _entries = entries;
    }

    /// <summary>The slots of the lowest level.</summary>
    public StoredSlice?[] Slices { get; }

    /// <summary>The slots of a level above it.</summary>
    public SlicePage?[] Pages { get; }

    /// <summary>Bytes of memory that the page takes, about.</summary>
    public int Bytes => OwnBytes + ArrayOwnBytes + ((Slices.Length + Pages.Length) * IntPtr.Size);

    /// <summary>Says that a slot is about to be filled; false when the page is closed. Pair with <see cref="Leave"/>.</summary>
    public bool TryEnter()
    {
        int entries = Volatile.Read(ref _entries);
        while (entries != Closed)
        {
            int seen = Interlocked.CompareExchange(ref _entries, entries + 1, entries);
            if (seen == entries)
            {
                return true;
            }

            entries = seen;
        }

        return false;
    }

    /// <summary>Gives entries back; true for the one caller who has closed the page, and now takes it out.</summary>
    public bool Leave(int entries) =>
        Interlocked.Add(ref _entries, -entries) == 0 && Interlocked.CompareExchange(ref _entries, Closed, 0) == 0;
}
