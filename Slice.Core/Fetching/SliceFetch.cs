using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>
/// One slice on its way from the origin into the store. It belongs to the fetcher, not to the client that caused it: any number of
/// clients join, follow the bytes as they land, and leave; the fetch goes on. Thread-safe.
/// </summary>
/// <remarks>
/// Protocol for a follower: <see cref="TryFollow"/>; then <see cref="WaitBeyondAsync"/> and <see cref="Slice"/> up to
/// <see cref="AvailableBytes"/>, until all is read or <see cref="Failure"/> is set; then <see cref="StopFollowing"/>. While it has
/// followers the fetch holds a lease on the slice, so eviction between two reads of a follower cannot happen.
/// A fetch whose last follower leaves before the origin has answered ends, also when its request was sent (B54); once the response head
/// is there, it completes whoever leaves (B33).
/// </remarks>
public sealed class SliceFetch
{
    // Of a slice up to this length the thread that wrote it goes on as the only client that waits: sending takes less than to wake up
    // another thread. A longer slice is read on meanwhile. Arbitrary.
    private const int ShortBytes = 64 << 10;

    // Clients that repeats may be made for: more than there are repeats by default. Arbitrary.
    private const int MaxOthers = 4;

    private readonly Lock _lock = new();
    private readonly CancellationSignal _abandoned = new();
    private readonly CancellationSignal _wanted = new();
    private Queue<FetchContext>? _others;
    private TaskCompletionSource? _progress;
    private TaskCompletionSource? _progressOfOne;
    private SliceReservation? _reservation;
    private StoredSlice? _slice;
    private Failure _failure;
    private int _availableBytes;
    private int _followers;
    private bool _isReading;
    private bool _isExpected;
    private bool _hasEnded;

    internal SliceFetch(Generation generation, int sliceIndex)
    {
        Generation = generation;
        SliceIndex = sliceIndex;
        LengthBytes = (int)generation.Grid.RangeOf(sliceIndex, generation.CompleteLength).Length;
    }

    /// <summary>The version the slice is a part of.</summary>
    public Generation Generation { get; }

    /// <summary>Its index in the generation's grid.</summary>
    public int SliceIndex { get; }

    /// <summary>The id of the request that began the fetch, for the log; empty for none.</summary>
    public string RequestId { get; internal set; } = "";

    /// <summary>Bytes of the slice when complete.</summary>
    public int LengthBytes { get; }

    /// <summary>Bytes that can be sent already.</summary>
    public int AvailableBytes => Volatile.Read(ref _availableBytes);

    /// <summary>Why it ended early; none while it runs and when it is complete.</summary>
    public Failure Failure
    {
        get
        {
            lock (_lock)
            {
                return _failure;
            }
        }
    }

    /// <summary>Where the bytes are. Valid for a follower once <see cref="AvailableBytes"/> is above zero.</summary>
    public StoredSlice Slice => _slice ?? throw new InvalidOperationException("No bytes of the slice have arrived yet.");

    /// <summary>
    /// The whole object that came in place of the slice's part, for the fetcher to go on with and to end; null for none. For the filler
    /// only.
    /// </summary>
    internal OriginResponse? Whole { get; set; }

    /// <summary>
    /// The turn of this instance to ask the origin, for the slice or for the object that begins with it; null for none. Whoever ends the
    /// fetch ends the turn.
    /// </summary>
    internal TierTurn? Turn { get; set; }

    /// <summary>Whether a client waits for its first byte, and for none of another slice before.</summary>
    internal bool IsNext { get; init; }

    /// <summary>Its place at the shared tier; null where it is not looked for there.</summary>
    internal TierPlace? TierPlace { get; init; }

    /// <summary>Whether anybody waits for its bytes, or is on the way.</summary>
    internal bool IsFollowed
    {
        get
        {
            lock (_lock)
            {
                return _followers > 0 || _isExpected;
            }
        }
    }

    /// <summary>Whether it can no longer be joined.</summary>
    internal bool HasEnded
    {
        get
        {
            lock (_lock)
            {
                return _hasEnded;
            }
        }
    }

    /// <summary>Cancelled when the last follower left while the origin had not answered.</summary>
    internal CancellationToken Abandoned => _abandoned.Token;

    /// <summary>Cancelled when a follower waits for bytes: until then they are read ahead.</summary>
    internal CancellationToken Wanted => _wanted.Token;

    /// <summary>Where the filler puts the bytes. Valid after <see cref="UseReservation"/>.</summary>
    internal SliceReservation Reservation => _reservation ?? throw new InvalidOperationException("No room was reserved for the slice.");

    /// <summary>Whether it is known where the bytes go.</summary>
    internal bool HasSlice => _slice is not null;

    /// <summary>Whether the object was learned with the slice, so that the shared tier is offered its head with the slice.</summary>
    internal bool IsFirst { get; init; }

    /// <summary>Whether its slice was offered to the shared tier.</summary>
    internal bool WasOffered { get; set; }

    /// <summary>Passes the turn on to the caller, who ends it; null for none.</summary>
    internal TierTurn? TakeTurn()
    {
        var turn = Turn;
        Turn = null;
        return turn;
    }

    /// <summary>Begins to follow; false when the fetch has ended. Pair with <see cref="StopFollowing"/>.</summary>
    public bool TryFollow()
    {
        lock (_lock)
        {
            if (_hasEnded)
            {
                return false;
            }

            _isExpected = false;
            _followers++;
            return true;
        }
    }

    /// <summary>A follower's own way to ask: a try after one that failed because of who asked is made in a follower's name.</summary>
    internal void OfferTurn(FetchContext context)
    {
        lock (_lock)
        {
            _others ??= new Queue<FetchContext>();
            if (_others.Count < MaxOthers)
            {
                _others.Enqueue(context);
            }
        }
    }

    /// <summary>Who asks next when the origin has hung up on <paramref name="current"/>: a follower, each once; else the same.</summary>
    internal FetchContext NextToAsk(FetchContext current)
    {
        lock (_lock)
        {
            return _others is not null && _others.TryDequeue(out var next) ? next : current;
        }
    }

    /// <summary>Ends following. Memory from <see cref="Slice"/> is invalid afterwards.</summary>
    public void StopFollowing()
    {
        StoredSlice? released = null;
        bool isAbandoned = false;
        lock (_lock)
        {
            _followers--;
            if (_followers == 0 && _hasEnded)
            {
                released = _slice;
            }
            else if (_followers == 0 && !_isReading)
            {
                // Under the same lock as TryFollow: who comes from now on must not join what is about to end.
                _hasEnded = isAbandoned = true;
            }
        }

        released?.Release();
        if (isAbandoned)
        {
            _abandoned.Raise();
        }
    }

    /// <summary>
    /// Waits until more than <paramref name="positionBytes"/> bytes are available, or the fetch has ended. The caller then looks at
    /// <see cref="AvailableBytes"/> first and at <see cref="Failure"/> second: bytes that landed before a failure are good.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public ValueTask WaitBeyondAsync(int positionBytes, CancellationToken ct)
    {
        if (ProgressBeyond(positionBytes) is not { } progress)
        {
            return ValueTask.CompletedTask;
        }

        _wanted.Raise();
        return new ValueTask(progress.WaitAsync(ct));
    }

    /// <summary>Waits until the fetch has ended, for nobody: it stays one that is read ahead.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async Task WaitForEndAsync(CancellationToken ct)
    {
        while (ProgressBeyond(LengthBytes) is { } progress)
        {
            await progress.WaitAsync(ct);
        }
    }

    /// <summary>
    /// The origin is to be asked, for the first time or again. False, and the fetch ends, when nobody follows; when the last follower
    /// leaves from now on, the fetch ends at once. One that began with an open response has its first follower on the way.
    /// </summary>
    internal bool TryAwait()
    {
        lock (_lock)
        {
            _isReading = false;
            _hasEnded |= _followers == 0 && !_isExpected;
            return !_hasEnded;
        }
    }

    /// <summary>The response head is there. False when everybody left before; else the fetch goes on, whoever leaves.</summary>
    internal bool TryRead()
    {
        lock (_lock)
        {
            _isReading |= !_hasEnded;
            return _isReading;
        }
    }

    /// <summary>The fetch goes on with a response that is already open, whether anybody follows or not.</summary>
    internal void Start()
    {
        lock (_lock)
        {
            _isReading = _isExpected = true;
        }
    }

    /// <summary>
    /// Sets where the bytes go; the fetch takes over the filler's lease. Another place than before only while no byte was published: until
    /// then no follower looks at the slice.
    /// </summary>
    internal void UseReservation(SliceReservation reservation)
    {
        var replaced = _slice;
        _reservation = reservation;
        UseSlice(reservation.Slice);
        replaced?.Release();
    }

    /// <summary>Sets where the bytes are; the fetch takes over one of the caller's leases.</summary>
    internal void UseSlice(StoredSlice slice)
    {
        lock (_lock)
        {
            _slice = slice;
        }
    }

    /// <summary>
    /// Makes bytes visible to followers after they were written. Whether somebody waits for a thread to go on with them. The only follower
    /// of a short slice goes on within this call, as far as that goes without a wait: no lock may be held.
    /// </summary>
    internal bool Publish(int availableBytes)
    {
        (TaskCompletionSource? Many, TaskCompletionSource? One) waiting;
        lock (_lock)
        {
            _availableBytes = availableBytes;
            waiting = TakeProgressUnsynchronized();
        }

        waiting.Many?.SetResult();
        waiting.One?.SetResult();
        return waiting.Many is not null;
    }

    /// <summary>Ends the fetch, complete or failed, and wakes everybody; nobody goes on within the call.</summary>
    internal void End(Failure failure)
    {
        (TaskCompletionSource? Many, TaskCompletionSource? One) waiting;
        StoredSlice? released;
        lock (_lock)
        {
            _hasEnded = true;
            _failure = failure;
            waiting = TakeProgressUnsynchronized();
            released = _followers == 0 ? _slice : null;
        }

        // Also of one that never came to the tier, because its slice had just been stored.
        TierPlace?.Leave();
        released?.Release();
        waiting.Many?.SetResult();
        if (waiting.One is { } one)
        {
            // Seldom: of a complete slice the last bytes were published. Of several fetches that fail together none waits for another.
            ThreadPool.UnsafeQueueUserWorkItem(static one => one.SetResult(), one, preferLocal: true);
        }
    }

    private (TaskCompletionSource? Many, TaskCompletionSource? One) TakeProgressUnsynchronized()
    {
        var waiting = (_progress, _progressOfOne);
        (_progress, _progressOfOne) = (null, null);
        return waiting;
    }

    private Task? ProgressBeyond(int positionBytes)
    {
        lock (_lock)
        {
            if (_availableBytes > positionBytes || _hasEnded)
            {
                return null;
            }

            return _followers == 1 && LengthBytes <= ShortBytes
                ? (_progressOfOne ??= new TaskCompletionSource()).Task
                : (_progress ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
