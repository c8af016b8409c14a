using Slice.Core.Observability;
using Slice.Core.Storage;
using Slice.Net.Exchange;

namespace Slice.Net.Delivery;

/// <summary>
/// One connection's reading ahead: while bytes are sent, those after them in the response are brought into memory, or compared with their
/// checksum. It begins with the first byte of a response that is missing, so a response that is in memory costs nothing, and a response of
/// one piece never begins. One per delivery, reused; its methods belong to one thread at a time.
/// </summary>
/// <remarks>
/// The disk works for one piece while the network works for another, which is what readahead of a file gives a server that reads files in
/// sequence; the kernel's own would be of no use here, as an object's slices lie anywhere in a segment. The piece is leased, so what is
/// read is what will be sent.
/// </remarks>
internal sealed class PagesAhead(PageResidency residency, SliceMeter meter) : PageWork
{
    /// <summary>
    /// How far beyond the bytes that are being sent; arbitrary: two pieces, so that one is there when the other is being read.
    /// </summary>
    public const int MaxBytes = 2 * ClientWriter.MaxWriteBytes;

    private StoredSlice? _slice;
    private int _skipBytes;
    private int _takeBytes;
    private volatile State _state;

    /// <summary>Whether the response reads ahead.</summary>
    public bool IsOn { get; private set; }

    /// <summary>Begins, if there is a place; again and again without harm.</summary>
    public void Begin()
    {
        // The last piece of the response before may still be with a thread.
        IsOn = IsOn || (_state == State.Idle && residency.TryEnterAhead());
    }

    /// <summary>Has the next missing piece of <paramref name="window"/> brought in, unless one is being brought in.</summary>
    /// <param name="window">What the response has leased.</param>
    /// <param name="passedBytes">Bytes of the current part that are sent or being sent.</param>
    public void Ask(SliceWindow window, int passedBytes)
    {
        if (_state != State.Idle)
        {
            return;
        }

        int aheadBytes = 0;
        for (int ordinal = window.CurrentOrdinal; ordinal < window.EndOrdinal; ordinal++)
        {
            var part = window.Plan[ordinal];
            for (int passed = ordinal == window.CurrentOrdinal ? passedBytes : 0; passed < part.TakeBytes;)
            {
                if (aheadBytes >= MaxBytes)
                {
                    return;
                }

                int take = Math.Min(part.TakeBytes - passed, ClientWriter.MaxWriteBytes);
                if (window[ordinal].Stored is { } stored && !(stored.IsVerified && stored.IsResident(part.SkipBytes + passed, take)))
                {
                    Enter(stored, part.SkipBytes + passed, take);
                    return;
                }

                aheadBytes += take;
                passed += take;
            }
        }
    }

    /// <summary>Ends with the response; a piece that nobody has begun to bring in is given up.</summary>
    public void End()
    {
        if (!IsOn)
        {
            return;
        }

        IsOn = false;
        if (Interlocked.CompareExchange(ref _state, State.GivenUp, State.Waiting) == State.Waiting)
        {
            _slice!.Release();
        }
        else if (Interlocked.CompareExchange(ref _state, State.Left, State.Running) == State.Running)
        {
            // The thread gives the place back.
            return;
        }

        residency.LeaveAhead();
    }

    /// <inheritdoc/>
    public override void Run()
    {
        if (!TryStart())
        {
            return;
        }

        // What cannot be read, or is wrong, is found once more by the delivery, which knows what to do.
        _ = SliceVerification.BringIn(_slice!, _skipBytes, _takeBytes);
        meter.CacheDiskReadsAhead.Add(1);
        Finish();
    }

    /// <inheritdoc/>
    public override void Abandon()
    {
        // With a thread already: that is this one, and its work has thrown.
        if (_state is State.Running or State.Left || TryStart())
        {
            Finish();
        }
    }

    private void Enter(StoredSlice slice, int skipBytes, int takeBytes)
    {
        slice.LeaseAgain();
        (_slice, _skipBytes, _takeBytes) = (slice, skipBytes, takeBytes);
        _state = State.Waiting;
        residency.RunAhead(this);
    }

    private bool TryStart()
    {
        if (Interlocked.CompareExchange(ref _state, State.Running, State.Waiting) == State.Waiting)
        {
            return true;
        }

        // Given up; from here on the connection may use this again.
        _state = State.Idle;
        return false;
    }

    private void Finish()
    {
        // Again, when giving the lease back has thrown: only the state is left to be done then.
        var slice = _slice;
        _slice = null;
        slice?.Release();
        if (Interlocked.Exchange(ref _state, State.Idle) == State.Left)
        {
            residency.LeaveAhead();
        }
    }

    private enum State
    {
        Idle,

        /// <summary>In line; the lease is the connection's to give back.</summary>
        Waiting,

        /// <summary>With a thread.</summary>
        Running,

        /// <summary>With a thread, and the response has ended.</summary>
        Left,

        /// <summary>In line, without a lease: the response has ended.</summary>
        GivenUp,
    }
}
