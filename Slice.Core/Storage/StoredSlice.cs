namespace Slice.Core.Storage;

/// <summary>
/// One slice's place in the store: an extent that is being filled, or is filled and indexed. Counted by leases; the extent returns
/// to the allocator with the last of them, so nothing that is being sent is ever reused.
/// </summary>
/// <remarks>
/// Protocol, thread-safe throughout:
/// <list type="number">
/// <item><see cref="SliceStore.ReserveAsync"/> hands out a <see cref="SliceReservation"/> over the slice with one lease, the
/// filler's.</item>
/// <item>The filler writes through the reservation, in order. Readers that follow the fill take leases of their own.</item>
/// <item>When full, <see cref="SliceReservation.Commit"/> gives it to its tenant, with a lease that becomes the index's. The filler
/// gives its own back with <see cref="Release"/>, committed or not.</item>
/// <item>A reader calls <see cref="TryLease"/>, sends <see cref="Map"/>, then <see cref="Release"/>.</item>
/// <item>Eviction or retirement takes the slice out of the index and releases the index's lease.</item>
/// </list>
/// A million of these are the index of a terabyte, so every field counts: 56 bytes, and 8 for the reference in the <c>SliceTable</c>. Two
/// numbers share a field only when one of them never changes after the slice is stored, and the other has one kind of writer.
/// </remarks>
public sealed class StoredSlice
{
    /// <summary>Longest slice in bytes; the largest <c>slice_size</c> is 10 MiB.</summary>
    internal const int MaxLengthBytes = (1 << LengthBits) - 1;

    private const int LengthBits = 24;
    private const int IndexBits = 26;
    private const int OffsetBits = 18;

    /// <summary>Largest epoch of a segment in which a slice can be verified.</summary>
    internal const int MaxVerifiedEpoch = (1 << (32 - OffsetBits)) - 1;

    private readonly SegmentFile _segment;
    private int _leases = 1;

    // Length, and above it the uses: written by whoever reads the slice, unsynchronized, as a lost count is a blurred guess.
    private uint _lengthAndUses;

    // Index, and above it the queue: written under the store's lock.
    private uint _indexAndQueue;

    // Offset in units, and above it the epoch of the segment in which its bytes were known to be right: 0 when they are of an earlier run
    // and nobody has compared them with the checksum yet.
    private uint _offsetAndEpoch;

    internal StoredSlice(SegmentFile segment, int offsetBytes, int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, MaxLengthBytes);
        _segment = segment;
        _offsetAndEpoch = (uint)(offsetBytes / ExtentAllocator.UnitBytes);
        MarkVerified(segment.Epoch);
        _lengthAndUses = (uint)lengthBytes;
    }

    /// <summary>Bytes of the slice, not rounded to the extent.</summary>
    public int LengthBytes => (int)(_lengthAndUses & MaxLengthBytes);

    /// <summary>Bytes it takes in the store.</summary>
    internal int ExtentBytes => ExtentAllocator.RoundUp(LengthBytes);

    /// <summary>Number of the tenant that indexes it, set when committed.</summary>
    internal uint TenantId { get; set; }

    /// <summary>Index in its tenant's grid, set once, before it is queued. Below 2 to the power of <see cref="IndexBits"/>.</summary>
    internal int SliceIndex
    {
        get => (int)(_indexAndQueue & ((1u << IndexBits) - 1));
        set => _indexAndQueue = (uint)value | ((uint)Queue << IndexBits);
    }

    internal SegmentFile Segment => _segment;

    internal int OffsetBytes => (int)(_offsetAndEpoch & ((1u << OffsetBits) - 1)) * ExtentAllocator.UnitBytes;

    /// <summary>The next younger slice of its eviction queue; under the store's lock.</summary>
    internal StoredSlice? Next { get; set; }

    /// <summary>The eviction queue it stands in; under the store's lock.</summary>
    internal SliceQueue Queue
    {
        get => (SliceQueue)(_indexAndQueue >> IndexBits);
        set => _indexAndQueue = (uint)SliceIndex | ((uint)value << IndexBits);
    }

    /// <summary>Whether it is linked into an eviction queue: it is indexed, and the index has a lease.</summary>
    internal bool IsQueued => Queue is SliceQueue.Small or SliceQueue.Main or SliceQueue.Overflow;

    /// <summary>Whether it lies in the store's overflow: no restart finds it, and it goes before long.</summary>
    internal bool IsTransient => _segment.IsTransient;

    /// <summary>
    /// How often it was leased since eviction last looked, 0 to <see cref="S3FifoEviction.MaxUses"/>. Races only cost a wrong guess.
    /// </summary>
    internal int Uses
    {
        get => (int)(_lengthAndUses >> LengthBits);
        set => _lengthAndUses = (uint)LengthBytes | ((uint)value << LengthBits);
    }

    /// <summary>Low half of the XxHash3 of its bytes; of meaning in a store on disk only.</summary>
    internal uint Checksum { get; set; }

    /// <summary>
    /// Whether its bytes are known to be those that were stored: true from the start in the process that stored them, and after
    /// <see cref="SliceVerification"/> in a later one; false again when somebody else has changed the segment's file since.
    /// </summary>
    public bool IsVerified => VerifiedEpoch == _segment.Epoch;

    /// <summary>The segment's epoch in which its bytes were right; 0 for none of this run.</summary>
    internal int VerifiedEpoch => (int)(Volatile.Read(ref _offsetAndEpoch) >> OffsetBits);

    /// <summary>How many hold it, the index among them; for tests.</summary>
    internal int Leases => Volatile.Read(ref _leases);

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
                // Written only while it changes, so that hits on one hot slice do not fight over its cache line for this.
                int uses = Uses;
                if (uses < S3FifoEviction.MaxUses)
                {
                    Uses = uses + 1;
                }

                _segment.LeaseTracker?.Taken(this);
                return true;
            }

            leases = seen;
        }

        return false;
    }

    /// <summary>
    /// Takes one more lease for a caller who has one; not a use that eviction would count. Pair with <see cref="Release"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">Nobody has a lease: a fault of the caller's.</exception>
    public void LeaseAgain()
    {
        int leases = Interlocked.Increment(ref _leases);
        if (leases <= 1)
        {
            Interlocked.Decrement(ref _leases);
            throw Misuse("leased again", leases - 1);
        }

        _segment.LeaseTracker?.Taken(this);
    }

    /// <summary>Gives one lease back; the memory from <see cref="Map"/> is invalid afterwards.</summary>
    /// <exception cref="InvalidOperationException">All were given back before: a fault of some caller's, and its extent may be another's by
    /// now.</exception>
    public void Release()
    {
        int leases = Interlocked.Decrement(ref _leases);
        if (leases > 0)
        {
            return;
        }

        if (leases < 0)
        {
            throw Misuse("released", leases + 1);
        }

        _segment.LeaseTracker?.Ended(this);
        _segment.Store.Free(this);
    }

    /// <summary>The mapped bytes from <paramref name="skipBytes"/> on, for a send. Valid while the caller's lease is held.</summary>
    public ReadOnlyMemory<byte> Map(int skipBytes, int takeBytes) => _segment.Map(OffsetBytes + skipBytes, takeBytes);

    /// <summary>
    /// Whether sending these bytes waits for no device: they are in memory (mincore(2), about a microsecond for 1 MiB). When not,
    /// <see cref="BringIn"/> on a thread that may wait brings them there.
    /// </summary>
    /// <param name="skipBytes">Bytes of the slice before them.</param>
    /// <param name="takeBytes">How many, 1 to 1 MiB.</param>
    public bool IsResident(int skipBytes, int takeBytes) => _segment.IsResident(OffsetBytes + skipBytes, takeBytes);

    /// <summary>Waits for the disk until these bytes are in memory; they stay for a while. The caller holds a lease.</summary>
    /// <returns>False when they cannot be read: the file was cut short, or the device fails.</returns>
    public bool BringIn(int skipBytes, int takeBytes) => _segment.BringIn(OffsetBytes + skipBytes, takeBytes);

    /// <summary>Reads bytes with pread(2) instead of through the mapping; fewer than asked when the file was cut short.</summary>
    public int Read(Span<byte> destination, int skipBytes) => _segment.Read(destination, OffsetBytes + skipBytes);

    /// <summary>Says that all of it is about to be read: the device is asked at once, not piece by piece as the reader gets on.</summary>
    internal void AdviseRead() => _segment.AdviseRead(OffsetBytes, LengthBytes);

    /// <summary>
    /// The same as <see cref="IsVerified"/>, after a look at the segment's file when the last is <see cref="SegmentWatch.Interval"/> old:
    /// to be asked before bytes are sent.
    /// </summary>
    public bool IsStillVerified()
    {
        _segment.Watch?.LookWhenDue();
        return IsVerified;
    }

    /// <summary>Says that the bytes are of an earlier run.</summary>
    internal void MarkUnverified() => MarkVerified(0);

    /// <summary>Says that the bytes agree with the checksum.</summary>
    /// <param name="epoch">The segment's epoch from before they were compared.</param>
    internal void MarkVerified(int epoch) => Volatile.Write(
        ref _offsetAndEpoch,
        (_offsetAndEpoch & ((1u << OffsetBits) - 1)) | (epoch > MaxVerifiedEpoch ? 0 : (uint)epoch << OffsetBits));

    /// <summary>Looks at the segment's file before the first write of the fill, whose bytes are right as of then.</summary>
    /// <exception cref="IOException">It was cut short, or the disk fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The disk may not be used any more.</exception>
    internal void CheckSegment()
    {
        _segment.CheckLength();
        MarkVerified(_segment.Epoch);
    }

    /// <summary>Writes bytes of the fill; the caller has called <see cref="CheckSegment"/> before the first of them.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The bytes would leave the extent.</exception>
    internal ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, int atBytes, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)atBytes + bytes.Length, LengthBytes);
        return _segment.WriteAsync(bytes, OffsetBytes + atBytes, ct);
    }

    private InvalidOperationException Misuse(string what, int leases) =>
        new($"Slice {SliceIndex} of tenant {TenantId}, {LengthBytes} bytes at {OffsetBytes}, was {what} with {leases} leases.");
}
