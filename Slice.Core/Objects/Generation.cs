using System.Diagnostics.CodeAnalysis;
using Slice.Core.Caching;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.Objects;

/// <summary>
/// One version of one object: its stored response and the slices fetched of it. Slices belong to a generation, never to a URL, so
/// two versions can never be mixed, and retiring the generation removes all of them at once. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// A generation is live until <see cref="Retire"/>. From then on no other request finds it, at a restart neither. Those who read it at that
/// moment (<see cref="TryAddReader"/>) go on with its slices, and with those that they still fetch of its version; when the last of them
/// leaves, the slices go. Without readers they go at once.
/// </para>
/// <para>
/// Eviction may take slices of a retired generation as of any other, and prefers others: they can be had nowhere else.
/// </para>
/// </remarks>
public sealed class Generation : GenerationHead, ISliceTenant
{
    /// <summary>
    /// Most slices of one object: 64 TiB in slices of 1 MiB. An index of them takes 26 bits of a <see cref="StoredSlice"/>; memory is taken
    /// for those that are stored only.
    /// </summary>
    public const int MaxSlices = 1 << 26;

    private readonly SliceStore _store;
    private readonly SliceTable _slices;
    private IndexPlace _place;
    private GenerationReaders _readers;
    private GenerationSuccessor _successor;
    private bool _isReplaced;
    private volatile bool _wasLeft;
    private bool _staysAtOrigin;
    private string? _origin;
    private int _fetches;
    private int _nextToDrop;
    private IGenerationFill? _fill;
    private IndexMemory? _memory;

    /// <summary>A live generation without slices.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="response">Its stored response.</param>
    /// <param name="grid">The absolute grid the object is cut on; fixed for the generation's life.</param>
    /// <param name="isShared">False for a response that no other request may see (RFC 9111 §3): never published, retired after its
    /// request.</param>
    /// <param name="store">Where its slices live.</param>
    public Generation(CacheKey key, StoredResponse response, SliceGrid grid, bool isShared, SliceStore store)
        : this(key, response, grid, isShared, store, id: null)
    {
    }

    private Generation(CacheKey key, StoredResponse response, SliceGrid grid, bool isShared, SliceStore store, uint? id)
        : base(response)
    {
        Key = key;
        Grid = grid;
        IsShared = isShared;
        IsOfItsSecond = response is { MayCombine: false, IsOfItsSecond: true };
        _store = store;
        _place = new IndexPlace(this);
        _slices = new SliceTable(grid.CountFor(response.CompleteLength));
        Id = store.Tenants.Register(this, id);
    }

    /// <inheritdoc cref="ISliceTenant.Id"/>
    internal uint Id { get; }

    uint ISliceTenant.Id => Id;

    bool ISliceTenant.IsEmpty => IsEmpty;

    byte ISliceTenant.JournalNote { get; set; }

    /// <summary>The slices stored now, in order; those that come or go meanwhile may be among them.</summary>
    internal IEnumerable<StoredSlice> Slices => _slices.All;

    /// <summary>The object's key.</summary>
    public CacheKey Key { get; }

    /// <summary>The request fields that select it; null when every request for the key does.</summary>
    public SelectingFields? Selecting { get; init; }

    /// <summary>
    /// Whether its bytes came as one body that cannot be asked for in parts: an error, an origin without ranges, a coded page. A slice
    /// that is missing then can only be had by fetching the object anew.
    /// </summary>
    public bool IsWhole { get; init; }

    /// <summary>
    /// Whether the origin gave it to a client's own request only, and said that all may have it: what is missing of it is asked for with
    /// the fields of a client that has some (B50). Not known after a restart.
    /// </summary>
    public bool WasAskedAsOwn { get; init; }

    /// <summary>Whether an earlier run has fetched it.</summary>
    internal bool IsOfEarlierRun { get; private init; }

    /// <summary>Name of the address of the origin where it was found; null when that is not known, as after a restart.</summary>
    public string? Origin
    {
        get => Volatile.Read(ref _origin);
        init => _origin = value;
    }

    /// <summary>Whether another address has another version, so that <see cref="Origin"/> is asked while it works (B21).</summary>
    public bool StaysAtOrigin => Volatile.Read(ref _staysAtOrigin);

    /// <summary>The body of the whole object that is filling it just now; null before and after.</summary>
    public IGenerationFill? Fill { get => Volatile.Read(ref _fill); internal set => Volatile.Write(ref _fill, value); }

    /// <summary>Whether that body, or the last one, ended as nobody read it any more: what it had not brought does not come.</summary>
    public bool WasLeft { get => _wasLeft; internal set => _wasLeft = value; }

    /// <summary>Forgets a body that fills it no more; nothing when another one does by now.</summary>
    internal void EndFill(IGenerationFill fill) => Interlocked.CompareExchange(ref _fill, null, fill);

    /// <summary>Whether every slice is stored.</summary>
    public bool IsComplete => _slices.Stored == Grid.CountFor(CompleteLength);

    /// <summary>Whether it can answer a request at all: whatever it lacks can be fetched or is just coming.</summary>
    public bool IsUsable => !IsRetired && (!IsWhole || IsComplete || (!WasLeft && (Fill is not null || Volatile.Read(ref _fetches) > 0)));

    /// <summary>The grid that slice indexes refer to.</summary>
    public SliceGrid Grid { get; }

    /// <summary>Whether other requests may be answered from it.</summary>
    public bool IsShared { get; }

    /// <summary>Whether it was replaced, purged, or found changed.</summary>
    public bool IsRetired => _readers.HaveEnded;

    bool ISliceTenant.IsHeld => _readers is { HaveEnded: true, HaveLeft: false };

    /// <summary>Whether another has its place: who has sent nothing of it yet does better to look there.</summary>
    public bool IsReplaced => Volatile.Read(ref _isReplaced);

    /// <summary>
    /// Whether it was found in the second in which the object was modified, with validators that the next version in that second may have
    /// too. What is fetched of it is then one fetch, and is joined with nothing else.
    /// </summary>
    public bool IsOfItsSecond { get; private init; }

    /// <summary>Whether it goes on with an object of its second when that is over. Empty, it is of no use to anybody.</summary>
    public bool IsAfterItsSecond { get; private init; }

    /// <summary>
    /// Whether the second in which the object was modified and found is over and parts are missing: they may be of a version that looks
    /// the same (B25). What comes from now on belongs to <see cref="ObjectIndex.AfterItsSecond"/>. Not what came, or comes, as one body.
    /// </summary>
    public bool IsInDoubtAt(Instant now)
    {
        var response = Response;
        bool isOver = !response.IsOfItsSecond || response.Freshness.AgeAt(now).Ticks >= TimeSpan.TicksPerSecond;
        return IsOfItsSecond && isOver && !IsWhole && !IsComplete;
    }

    /// <summary>The generation of the slices that are fetched after its second; null when there is none.</summary>
    internal Generation? Successor => _successor.Next;

    /// <summary>Slices stored now.</summary>
    public int StoredSlices => _slices.Stored;

    /// <summary>Whether nothing is stored of it and nothing is on the way. One without a body is all there.</summary>
    internal bool IsEmpty => CompleteLength > 0 && _slices.Stored == 0 && Volatile.Read(ref _fetches) == 0;

    /// <summary>What <see cref="IndexMemory"/> knows of it.</summary>
    internal ref IndexPlace Place => ref _place;

    /// <summary>Its slices: for the start, which finds those of an earlier run, and for its weight.</summary>
    internal SliceTable Table => _slices;

    /// <summary>One without slices, for those that are fetched after its second.</summary>
    internal Generation NewSuccessor(StoredResponse response, long purgesSeen) => new(Key, response, Grid, IsShared, _store)
    {
        Selecting = Selecting,
        WasAskedAsOwn = WasAskedAsOwn,
        Origin = Origin,
        IsOfItsSecond = false,
        IsAfterItsSecond = true,
        PurgesSeen = purgesSeen,
        TierStamp = TierStamp,
        _staysAtOrigin = StaysAtOrigin,
    };

    /// <summary>Says where its slices are that are fetched from now on; its readers keep those, too. Called once.</summary>
    internal void GoOnIn(Generation successor)
    {
        _successor.Set(successor);

        // Clear leaves after the flag is set; we set the successor and then read the flag: one of the two sees the other.
        if (_readers.HaveLeft)
        {
            _successor.Leave();
        }
    }

    /// <summary>Notes that another address has another version, and that this one has this version.</summary>
    internal void StayAtOrigin(string origin)
    {
        Volatile.Write(ref _origin, origin);
        Volatile.Write(ref _staysAtOrigin, true);
    }

    /// <summary>Whether slices are on their way to it.</summary>
    internal bool IsBeingFilled => Fill is not null || Volatile.Read(ref _fetches) > 0;

    /// <summary>Who counts its memory once it can be found; null before.</summary>
    internal IndexMemory? Memory
    {
        get => Volatile.Read(ref _memory);
        set => Volatile.Write(ref _memory, value);
    }

    /// <inheritdoc/>
    internal override void TellResponse()
    {
        _store.Changed(this);
        Memory?.Changed(this);
    }

    /// <summary>One of an earlier run, with its number in the store or a new one; <see cref="RestoredSlices"/> has its slices.</summary>
    internal static Generation Restore(
        CacheKey key, StoredResponse response, SliceGrid grid, SliceStore store, uint? id, SelectingFields? selecting, bool isWhole,
        TierStamp stamp = default) =>
        new(key, response, grid, true, store, id) { Selecting = selecting, IsWhole = isWhole, IsOfEarlierRun = true, TierStamp = stamp };

    /// <summary>It can be found by other requests now.</summary>
    internal void Published() => _store.Published(this);

    /// <summary>Takes a lease on a stored slice; the caller releases it.</summary>
    public bool TryLease(int sliceIndex, [NotNullWhen(true)] out StoredSlice? slice)
    {
        slice = _slices.Find(sliceIndex);
        return slice is not null && slice.TryLease();
    }

    /// <summary>
    /// Indexes a slice that has been filled; one lease of the caller's passes to the index, and the caller holds another one during
    /// the call. False, and nothing passes, when the generation is retired and has no readers, or has the slice already, or its place was
    /// given up.
    /// </summary>
    public bool TryCommit(StoredSlice slice, int sliceIndex)
    {
        slice.TenantId = Id;
        slice.SliceIndex = sliceIndex;

        // The leases taken so far are the filler's own. Left marked, every slice would count as used, and a download that nobody
        // repeats would push out what is read again and again.
        slice.Uses = 0;
        if (_readers.HaveLeft || !_slices.TryAdd(sliceIndex, slice))
        {
            return false;
        }

        // Whoever ends the generation sets the flag and then empties the table; we fill the slot and then read the flag: one of the two
        // sees the other. If the table was emptied, or the slot evicted, before the slice reached the queue, it has no business there.
        if (!_store.Admit(this, slice) && Forget(slice))
        {
            return false;
        }

        if (_readers.HaveLeft)
        {
            Drop(slice);
        }

        if (_slices.Find(sliceIndex) != slice)
        {
            _store.Unqueue(this, slice);
        }

        Memory?.Changed(this);
        return true;
    }

    /// <summary>
    /// Takes one slice out of the cache, for instance because its bytes cannot be read any more; also one of its successor.
    /// </summary>
    public void Drop(StoredSlice slice)
    {
        if (Forget(slice))
        {
            _store.Drop(this, slice);
        }
        else
        {
            Successor?.Drop(slice);
        }
    }

    /// <summary>
    /// Takes the stored slices from <paramref name="firstSliceIndex"/> through <paramref name="lastSliceIndex"/> out again; for a
    /// generation of one response that is past them. Called by that response only.
    /// </summary>
    public void DropThrough(int firstSliceIndex, int lastSliceIndex)
    {
        // Slices are committed a moment after their last byte was sent: one that is not there yet is met by the next call.
        _nextToDrop = Math.Max(_nextToDrop, firstSliceIndex);
        while (_nextToDrop <= lastSliceIndex && _slices.Find(_nextToDrop) is { } slice)
        {
            Drop(slice);
            _nextToDrop++;
        }
    }

    /// <summary>
    /// How many of the <paramref name="count"/> slices from <paramref name="firstSliceIndex"/> on are stored now. Constant time for all of
    /// them; otherwise the shorter side is counted, the range or what is outside.
    /// </summary>
    public int CountStored(int firstSliceIndex, int count) => _slices.CountStored(firstSliceIndex, count, out _);

    /// <summary>Ends the generation because another has its place.</summary>
    internal void Replace()
    {
        Volatile.Write(ref _isReplaced, true);
        Retire();
    }

    /// <summary>
    /// Begins to read: the slices stay for the reader, also when the generation is retired meanwhile, unless eviction needs the room. Pair
    /// with <see cref="RemoveReader"/>. False, and nothing is to be paired, when it is retired and its slices are going.
    /// </summary>
    public bool TryAddReader() => _readers.TryAdd();

    /// <summary>Ends reading. The last reader of a retired generation takes its slices along.</summary>
    public void RemoveReader()
    {
        if (_readers.Remove())
        {
            ClearLater();
        }
    }

    /// <summary>
    /// Ends the generation. Its slices leave the cache as soon as nobody reads it; leases that are out stay valid.
    /// </summary>
    public void Retire() => TryRetire(dropsHere: false);

    /// <summary>The same; false when it had ended before.</summary>
    /// <param name="dropsHere">Whether slices that nobody reads are dropped by this thread: for one that ends many, and serves no
    /// client.</param>
    internal bool TryRetire(bool dropsHere)
    {
        if (!_readers.TryEnd(out bool haveLeft))
        {
            return false;
        }

        _store.Tenants.Ended();
        _store.Ended(this);
        Memory?.Remove(this);
        if (haveLeft && dropsHere)
        {
            Clear();
        }
        else if (haveLeft)
        {
            ClearLater();
        }

        return true;
    }

    // The key's hash differs from process to process; so do the ghosts, which die with it.
    ulong ISliceTenant.IdentityOf(int sliceIndex) => ((ulong)(uint)Key.GetHashCode() << 32) | (uint)sliceIndex;

    bool ISliceTenant.Forget(StoredSlice slice) => Forget(slice);

    /// <summary>Counts a fetch that may still commit; pair with <see cref="FetchEnded"/>.</summary>
    internal void FetchStarted() => Interlocked.Increment(ref _fetches);

    /// <summary>Ends what <see cref="FetchStarted"/> began.</summary>
    internal void FetchEnded() => Interlocked.Decrement(ref _fetches);

    private bool Forget(StoredSlice slice)
    {
        bool isForgotten = _slices.TryRemove(slice.SliceIndex, slice);
        if (isForgotten)
        {
            Memory?.Changed(this);
        }

        return isForgotten;
    }

    // Constant time for the caller, whatever the object's size: others see the flag; the extents follow.
    private void ClearLater() =>
        ThreadPool.UnsafeQueueUserWorkItem(static generation => generation.Clear(), this, preferLocal: false);

    private void Clear()
    {
        _successor.Leave();
        _slices.Clear(slice => _store.Drop(this, slice));
        _store.Tenants.EndedEmpty(this);
    }
}
