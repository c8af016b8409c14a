using Slice.Core.Caching;

namespace Slice.Core.Storage;

/// <summary>
/// One slice's place in the store: an extent that is being filled, or is filled and indexed. Counted by leases; the extent returns
/// to the allocator with the last of them, so nothing that is being sent is ever reused.
/// </summary>
/// <remarks>
/// Protocol, thread-safe throughout:
/// <list type="number">
/// <item><see cref="SliceStore.ReserveAsync"/> hands out the slice with one lease, the filler's.</item>
/// <item>The filler writes with <see cref="WriteAsync"/>, in order. Readers that follow the fill take leases of their own.</item>
/// <item>When full, the filler gives it to <see cref="Generation.TryCommit"/>; its lease becomes the index's. On failure the filler
/// calls <see cref="Release"/> instead.</item>
/// <item>A reader calls <see cref="TryLease"/>, sends <see cref="Map"/>, then <see cref="Release"/>.</item>
/// <item>Eviction or retirement takes the slice out of the index and releases the index's lease.</item>
/// </list>
/// </remarks>
public sealed class StoredSlice
{
    private readonly SliceStore _store;
    private readonly SegmentFile _segment;
    private int _leases = 1;

    internal StoredSlice(SliceStore store, SegmentFile segment, int offsetBytes, int lengthBytes)
    {
        _store = store;
        _segment = segment;
        OffsetBytes = offsetBytes;
        LengthBytes = lengthBytes;
    }

    /// <summary>Bytes of the slice, not rounded to the extent.</summary>
    public int LengthBytes { get; }

    /// <summary>The generation that indexes it, set when committed.</summary>
    internal Generation? Generation { get; set; }

    /// <summary>Index in the generation's grid, set when committed.</summary>
    internal int SliceIndex { get; set; }

    internal SegmentFile Segment => _segment;

    internal int OffsetBytes { get; }

    // The eviction queue's links and mark; the links are written under the store's lock.
    internal StoredSlice? Newer { get; set; }

    internal StoredSlice? Older { get; set; }

    internal bool IsQueued { get; set; }

    /// <summary>Whether it was sent since eviction last looked. Races only cost a wrong guess.</summary>
    internal bool WasUsed { get; set; }

    /// <summary>Whether somebody besides the index holds it.</summary>
    internal bool IsInUse => Volatile.Read(ref _leases) > 1;

    /// <summary>Takes a lease; false when the slice has already left the store. Pair with <see cref="Release"/>.</summary>
    public bool TryLease()
    {
        int leases = Volatile.Read(ref _leases);
        while (leases > 0)
        {
            int seen = Interlocked.CompareExchange(ref _leases, leases + 1, leases);
            if (seen == leases)
            {
                // Written only when it changes, so that hits on one hot slice do not fight over its cache line for this.
                if (!WasUsed)
                {
                    WasUsed = true;
                }

                return true;
            }

            leases = seen;
        }

        return false;
    }

    /// <summary>Gives one lease back; the memory from <see cref="Map"/> is invalid afterwards.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _leases) == 0)
        {
            _store.Free(this);
        }
    }

    /// <summary>The mapped bytes from <paramref name="skipBytes"/> on, for a send. Valid while the caller's lease is held.</summary>
    public ReadOnlyMemory<byte> Map(int skipBytes, int takeBytes) => _segment.Map(OffsetBytes + skipBytes, takeBytes);

    /// <summary>
    /// Whether sending these bytes waits for no device: they are in memory (mincore(2), about a microsecond for 1 MiB). When not,
    /// <see cref="Read"/> on a thread that may wait brings them there.
    /// </summary>
    /// <param name="skipBytes">Bytes of the slice before them.</param>
    /// <param name="takeBytes">How many, 1 to 1 MiB.</param>
    public bool IsResident(int skipBytes, int takeBytes) => _segment.IsResident(OffsetBytes + skipBytes, takeBytes);

    /// <summary>Reads bytes with pread(2) instead of through the mapping; fewer than asked when the file was cut short.</summary>
    public int Read(Span<byte> destination, int skipBytes) => _segment.Read(destination, OffsetBytes + skipBytes);

    /// <summary>Writes the next bytes of the fill.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The bytes would leave the extent.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, int atBytes, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)atBytes + bytes.Length, LengthBytes);
        return _segment.WriteAsync(bytes, OffsetBytes + atBytes, ct);
    }
}
