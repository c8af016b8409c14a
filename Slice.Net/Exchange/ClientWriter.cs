using Slice.Core.Storage;

namespace Slice.Net.Exchange;

/// <summary>
/// Sends a response to one client: heads, bytes of ours, and bytes of stored slices. One write at a time. A client that is behind may
/// take nothing for as long as <c>timeouts.send</c>, and must keep to <c>limits.min_send_rate</c>.
/// </summary>
internal abstract class ClientWriter
{
    /// <summary>Most bytes in one write; arbitrary, the usual slice.</summary>
    public const int MaxWriteBytes = 1 << 20;

    private volatile bool _hasTimedOut;

    /// <summary>
    /// Whether the client took too little for too long. The connection ends for that reason then, whatever a failed write or a cancelled
    /// wait looks like. Never false again. Thread-safe.
    /// </summary>
    /// <remarks>
    /// Two threads meet here. The sweeper passes the deadline of a write, notes it here, and aborts the connection. The loop sees one of
    /// two things. Its write ends and finds the deadline passed: the sweeper may not have come any further, so the loop notes it as well.
    /// Or something else fails by the abort, before which the sweeper has noted the cause. Either way the cause stands here before anybody
    /// tells the exchange of a client that has left. The sweeper never writes to the exchange, which may be over when the sweeper comes to
    /// it. If another one has begun on the connection by then, the abort ends that one, and for the reason that stands here.
    /// </remarks>
    public bool HasTimedOut => _hasTimedOut;

    /// <summary>Notes that the deadline of a write has passed: by whoever passes it, and by whoever finds it passed. Thread-safe.</summary>
    public void TimeOut() => _hasTimedOut = true;

    /// <summary>Sends bytes of ours.</summary>
    public abstract ValueTask<WriteResult> WriteAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Sends <paramref name="head"/>, which may be empty, and then bytes of a slice on which the caller holds a lease.</summary>
    public abstract ValueTask<WriteResult> WriteSliceAsync(ReadOnlyMemory<byte> head, StoredSlice slice, int skipBytes, int takeBytes);

    /// <summary>
    /// Ends our direction and leaves the client's open: after what was written it reads the end of the stream. False where the transport
    /// cannot, and only ending the connection as a whole ends it.
    /// </summary>
    public abstract bool TryFinishSending();
}
