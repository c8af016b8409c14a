using System.Net.Sockets;

namespace Slice.Net.Origin;

/// <summary>
/// One connection of the pool, between the pool and the socket, for what the pool keeps to itself: which connection carries a request,
/// interim responses, the end of one direction. Bytes pass unchanged, and without a step of our own while nobody watches.
/// </summary>
/// <remarks>
/// The pool writes a request in the flow of its sender, which is how a connection learns whose request it carries. It may begin to read the
/// response before that: when it takes an idle connection, still in the sender's flow; or on a timer, and then it asks for bytes only when
/// some are there, which is after the request was written.
/// </remarks>
/// <param name="transport">What carries the bytes; the connection owns it.</param>
/// <param name="counted">The connection among those of its pool.</param>
internal sealed class OriginConnection(Stream transport, OpenConnections.Lease counted) : Stream
{
    private OriginWatch? _watch;
    private int _requests;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var watch = OriginWatch.Current ?? _watch;
        return watch is null or { ReadsInterimResponses: false } || buffer.IsEmpty
            ? transport.ReadAsync(buffer, cancellationToken)
            : ReadWatchedAsync(watch, buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var watch = OriginWatch.Current;
        if (watch?.TryBegin(this) == false)
        {
            return ValueTask.FromException(new IOException("the request is not repeated"));
        }

        _requests += watch != _watch ? 1 : 0;
        _watch = watch;
        return transport.WriteAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => transport.FlushAsync(cancellationToken);

    /// <summary>Whether it carried another request before the one it carries now: the origin may have closed it in between.</summary>
    public bool IsUsedAgain => _requests > 1;

    /// <summary>Whether it ended under TLS without saying so: what has no other end was cut off.</summary>
    public bool WasCutOff => transport is OriginTlsStream { WasCutOff: true };

    /// <summary>
    /// Ends the connection with a reset, now: no request will be sent on it any more, and nothing of it is taken for whole.
    /// </summary>
    public void Abort()
    {
        try
        {
            if (transport is NetworkStream network)
            {
                // Through the stream the socket would say FIN first.
                network.Socket.LingerState = new LingerOption(enable: true, seconds: 0);
                network.Socket.Dispose();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }

        transport.Dispose();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await transport.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush() => transport.Flush();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            transport.Dispose();
            counted.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadWatchedAsync(OriginWatch watch, Memory<byte> buffer, CancellationToken ct)
    {
        int read = await transport.ReadAsync(buffer, ct);
        await watch.ReceivedAsync(buffer[..read]);
        return read;
    }
}
