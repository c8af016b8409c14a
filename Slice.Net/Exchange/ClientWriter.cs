using System.Runtime.CompilerServices;
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

    /// <summary>
    /// Bytes that a client may take without a wait before the connection goes on on a thread of the pool: one or two milliseconds of
    /// sending. With 1 MiB the others' first byte came no earlier, with 16 MiB four times as late (decision 2).
    /// </summary>
    internal const int LongestTurnBytes = 4 << 20;

    private long _bytesWithoutWait;
    private volatile bool _hasTimedOut;
    private ClientPace? _pace;
    private CancellationToken _closed;

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

    /// <summary>Sends at a pace from the next write on.</summary>
    /// <param name="pace">Null for as fast as the client takes bytes.</param>
    /// <param name="closed">Ends the waits: the connection's.</param>
    public void Keep(ClientPace? pace, CancellationToken closed) => (_pace, _closed) = (pace, closed);

    /// <summary>Sends bytes of ours.</summary>
    public ValueTask<WriteResult> WriteAsync(ReadOnlyMemory<byte> bytes) =>
        _pace is { } pace ? WritePacedAsync(pace, bytes) : InTurn(SendAsync(bytes), bytes.Length);

    /// <summary>Sends <paramref name="head"/>, which may be empty, and then bytes of a slice on which the caller holds a lease.</summary>
    public ValueTask<WriteResult> WriteSliceAsync(ReadOnlyMemory<byte> head, StoredSlice slice, int skipBytes, int takeBytes) =>
        _pace is { } pace
            ? WriteSlicePacedAsync(pace, head, slice, skipBytes, takeBytes)
            : InTurn(SendSliceAsync(head, slice, skipBytes, takeBytes), takeBytes);

    /// <summary>
    /// Ends our direction and leaves the client's open: after what was written it reads the end of the stream. False where the transport
    /// cannot, and only ending the connection as a whole ends it.
    /// </summary>
    public abstract bool TryFinishSending();

    /// <summary>Sends bytes of ours at once.</summary>
    protected abstract ValueTask<WriteResult> SendAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Sends a head and bytes of a slice at once.</summary>
    protected abstract ValueTask<WriteResult> SendSliceAsync(ReadOnlyMemory<byte> head, StoredSlice slice, int skipBytes, int takeBytes);

    // A client that takes bytes as fast as they are copied never makes its connection wait. Without an end to that, everybody else whose
    // socket the same thread looks at would wait for the whole object.
    private ValueTask<WriteResult> InTurn(ValueTask<WriteResult> write, int bytes)
    {
        _bytesWithoutWait = write.IsCompleted ? _bytesWithoutWait + bytes : 0;
        if (_bytesWithoutWait < LongestTurnBytes)
        {
            return write;
        }

        _bytesWithoutWait = 0;
        return GoOnElsewhereAsync(write);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<WriteResult> GoOnElsewhereAsync(ValueTask<WriteResult> write)
    {
        var result = await write;
        await Task.Yield();
        return result;
    }

    private async ValueTask<WriteResult> WritePacedAsync(ClientPace pace, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var piece = bytes[..Math.Min(bytes.Length, pace.PieceBytes)];
            bytes = bytes[piece.Length..];
            if (!await pace.WaitAsync(piece.Length, _closed))
            {
                return WriteResult.ClientGone;
            }

            if (await SendAsync(piece) is var result and not WriteResult.Written)
            {
                return result;
            }
        }

        return WriteResult.Written;
    }

    private async ValueTask<WriteResult> WriteSlicePacedAsync(
        ClientPace pace, ReadOnlyMemory<byte> head, StoredSlice slice, int skipBytes, int takeBytes)
    {
        if (await WritePacedAsync(pace, head) is var written and not WriteResult.Written)
        {
            return written;
        }

        while (takeBytes > 0)
        {
            int piece = Math.Min(takeBytes, pace.PieceBytes);
            if (!await pace.WaitAsync(piece, _closed))
            {
                return WriteResult.ClientGone;
            }

            if (await SendSliceAsync(default, slice, skipBytes, piece) is var result and not WriteResult.Written)
            {
                return result;
            }

            skipBytes += piece;
            takeBytes -= piece;
        }

        return WriteResult.Written;
    }
}
