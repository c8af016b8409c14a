using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Slice.Core.Storage;
using Slice.Net.Exchange;

namespace Slice.Net.Connections;

/// <summary>
/// Writes to the socket itself, past the transport's pipe, which would copy every byte (2 to 5 times the CPU, design §4). On such
/// a connection nothing is ever written to the pipe. Slices leave from the mapping: only the kernel reads it.
/// </summary>
internal sealed class SocketClientWriter(Socket socket, ConnectionDeadlines deadlines) : ClientWriter
{
    /// <inheritdoc/>
    protected override ValueTask<WriteResult> SendAsync(ReadOnlyMemory<byte> bytes) => SendBothAsync(bytes, default);

    /// <inheritdoc/>
    protected override ValueTask<WriteResult> SendSliceAsync(ReadOnlyMemory<byte> head, StoredSlice slice, int skipBytes, int takeBytes) =>
        SendBothAsync(head, slice.Map(skipBytes, takeBytes));

    /// <inheritdoc/>
    public override bool TryFinishSending()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            return true;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    // First as much as the socket takes in one system call, head and body together: for small answers that is everything. What
    // is left waits for the client.
    private ValueTask<WriteResult> SendBothAsync(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body)
    {
        long sent = NativeSocket.SendNow(socket, head.Span, body.Span, out int errno);
        if (sent == (long)head.Length + body.Length)
        {
            return new(WriteResult.Written);
        }

        if (sent < 0)
        {
            return new(errno == NativeSocket.BadAddress ? WriteResult.SliceUnreadable : WriteResult.ClientGone);
        }

        return sent < head.Length
            ? SendRestAsync(head[(int)sent..], body)
            : SendRestAsync(default, body[(int)(sent - head.Length)..]);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<WriteResult> SendRestAsync(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body)
    {
        WriteResult result;
        try
        {
            if (!head.IsEmpty)
            {
                deadlines.ArmSend();
                await socket.SendAsync(head, SocketFlags.None);
            }

            while (!body.IsEmpty)
            {
                var piece = body[..Math.Min(body.Length, MaxWriteBytes)];
                deadlines.ArmSend();
                await socket.SendAsync(piece, SocketFlags.None);
                body = body[piece.Length..];
            }

            result = WriteResult.Written;
        }
        catch (SocketException error)
        {
            result = error.SocketErrorCode == SocketError.Fault ? WriteResult.SliceUnreadable : WriteResult.ClientGone;
        }
        catch (ObjectDisposedException)
        {
            // The connection was aborted meanwhile: by its deadline or at shutdown.
            result = WriteResult.ClientGone;
        }

        if (deadlines.Disarm())
        {
            return result;
        }

        // A client that took the last byte too late is aborted all the same.
        TimeOut();
        return result == WriteResult.Written ? WriteResult.ClientGone : result;
    }
}
