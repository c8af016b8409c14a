using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Slice.Net.Connections;

/// <summary>
/// The output of a transport that writes to the socket at once: whoever stands before TLS there has each TLS record sent from where the
/// TLS layer made it, and not from a copy in the transport's pipe. For one writer at a time.
/// </summary>
/// <param name="socket">The socket, which stays its owner's.</param>
/// <param name="pipe">The pipe of the transport, to which nothing is written; it is completed with this.</param>
internal sealed class SocketPipeWriter(Socket socket, PipeWriter pipe) : PipeWriter
{
    private ArrayBufferWriter<byte>? _held;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0) => (_held ??= new()).GetMemory(sizeHint);

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => (_held ??= new()).GetSpan(sizeHint);

    /// <inheritdoc/>
    public override void Advance(int bytes) => (_held ??= new()).Advance(bytes);

    /// <inheritdoc/>
    /// <exception cref="IOException">The connection is gone.</exception>
    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_held is { WrittenCount: > 0 } held)
        {
            await SendAsync(held.WrittenMemory, cancellationToken);
            held.ResetWrittenCount();
        }

        return default;
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The connection is gone.</exception>
    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        _held is { WrittenCount: > 0 } ? WriteBehindAsync(source, cancellationToken) : SendAsync(source, cancellationToken);

    /// <summary>Does nothing: a wait for the client ends with the connection, or by the token of the one who waits.</summary>
    public override void CancelPendingFlush()
    {
    }

    /// <inheritdoc/>
    /// <remarks>What was advanced over and not flushed is dropped: there is nobody left to wait for the client.</remarks>
    public override void Complete(Exception? exception = null) => pipe.Complete(exception);

    private async ValueTask<FlushResult> WriteBehindAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        await FlushAsync(ct);
        return await SendAsync(bytes, ct);
    }

    private ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        long sent = NativeSocket.SendNow(socket, bytes.Span, default, out int errno);
        return sent == bytes.Length ? default
            : sent >= 0 ? SendRestAsync(bytes[(int)sent..], ct)
            : throw new IOException("the client has closed the connection", errno);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> SendRestAsync(ReadOnlyMemory<byte> rest, CancellationToken ct)
    {
        try
        {
            await socket.SendAsync(rest, SocketFlags.None, ct);
            return default;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw new IOException("the client has closed the connection", error);
        }
    }
}
