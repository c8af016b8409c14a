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
