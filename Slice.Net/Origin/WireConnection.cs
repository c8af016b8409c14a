using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using Slice.Core.Http;

namespace Slice.Net.Origin;

/// <summary>
/// A connection to the origin that we write and read ourselves (RFC 9112), for requests that are passed through. One exchange at a time;
/// within one, one writer and one reader.
/// </summary>
/// <remarks>
/// Heads are read through a pipe, which keeps what came behind them. Bodies are read past the pipe once the pipe is empty, straight into
/// the caller's buffer: a large body is then copied by nobody but the kernel.
/// </remarks>
internal sealed class WireConnection : IDisposable
{
    // Holds a head and a small body in one read; an idle connection holds as much. Arbitrary.
    private const int ReadBufferBytes = 16 << 10;

    private static readonly StreamPipeReaderOptions s_pipeOptions = new(bufferSize: ReadBufferBytes, leaveOpen: true);

    private readonly Stream _stream;
    private readonly Socket _socket;
    private readonly OpenConnections.Lease? _counted;
    private readonly PipeReader _input;
    private readonly ResponseHeadParser _parser;
    private ChunkedDecoder? _decoder;
    private Task<ReadResult>? _idleRead;
    private bool _isBuffered;

    /// <summary>Takes over a connected stream.</summary>
    /// <param name="stream">A <see cref="NetworkStream"/> or <see cref="OriginTlsStream"/>.</param>
    /// <param name="endpoint">The address it leads to.</param>
    /// <param name="limits">How large response heads may be.</param>
    /// <param name="connectedAt">Timestamp of the clock.</param>
    /// <param name="counted">The connection among those of its pool; null when nobody counts.</param>
    public WireConnection(
        Stream stream, OriginEndpoint endpoint, ResponseHeadLimits limits, long connectedAt, OpenConnections.Lease? counted = null)
    {
        _counted = counted;
        _stream = stream;
        _socket = stream is OriginTlsStream tls ? tls.Socket : ((NetworkStream)stream).Socket;
        _input = PipeReader.Create(stream, s_pipeOptions);
        _parser = new ResponseHeadParser(limits);
        Endpoint = endpoint;
        ConnectedAt = IdleSince = connectedAt;
    }

    /// <summary>The address it leads to.</summary>
    public OriginEndpoint Endpoint { get; }

    /// <summary>When it was made, as a timestamp of the clock.</summary>
    public long ConnectedAt { get; }

    /// <summary>Since when it waits for a request; the pool's.</summary>
    public long IdleSince { get; set; }

    /// <summary>Requests that were sent on it.</summary>
    public int Requests { get; private set; }

    /// <summary>The deadline of its last exchange, for the next one; null when there is none to be used again.</summary>
    public OriginDeadline? RestingDeadline { get; set; }

    /// <summary>Whether a login has bound it to one client (<see cref="PrivateWire"/>).</summary>
    public bool IsPrivate { get; set; }

    /// <summary>The head of the response that is being read.</summary>
    public ResponseHead Head { get; } = new();

    /// <summary>Whether bytes of the current response have come.</summary>
    public bool HasReceived { get; private set; }

    /// <summary>Whether bytes that came behind the last head are here already.</summary>
    public bool HasBuffered => _isBuffered;

    /// <summary>Whether it ended under TLS without saying so: what has no other end was cut off.</summary>
    public bool WasCutOff => _stream is OriginTlsStream { WasCutOff: true };

    /// <summary>Whether it is open and silent, as it must be from <see cref="TryBeginIdle"/> until the next request.</summary>
    public bool IsIdle => _idleRead is { IsCompleted: false };

    /// <summary>
    /// Begins to wait for the next request: reads already, so that the end of the connection is noticed when it comes, and so is an origin
    /// that speaks unasked. False when it has ended, or speaks; the caller then disposes it.
    /// </summary>
    public bool TryBeginIdle()
    {
        if (_isBuffered)
        {
            return false;
        }

        _idleRead = _input.ReadAsync(CancellationToken.None).AsTask();
        return IsIdle;
    }

    /// <summary>Begins with the next request.</summary>
    public void Begin()
    {
        Requests++;
        HasReceived = false;
    }

    /// <summary>Sends bytes.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct) => _stream.WriteAsync(bytes, ct);

    /// <summary>
    /// Reads the next head, interim or final, into <see cref="Head"/>.
    /// </summary>
    /// <returns>None; the fault of a head that is none; <see cref="ResponseFault.HeadCutOff"/> when the connection ended before.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<ResponseFault> ReadHeadAsync(CancellationToken ct)
    {
        // Not by the token of a read: the first one may have begun before this request.
        using var ending = ct.UnsafeRegister(static input => ((PipeReader)input!).CancelPendingRead(), _input);
        while (true)
        {
            var read = TakeIdleRead() is { } begun ? await begun : await _input.ReadAsync(CancellationToken.None);
            HasReceived |= !read.Buffer.IsEmpty;
            var status = _parser.Parse(read.Buffer, Head, out var consumed, out var examined, out var fault);
            _isBuffered = status == ResponseHeadStatus.Complete && !read.Buffer.Slice(consumed).IsEmpty;
            _input.AdvanceTo(consumed, examined);
            ct.ThrowIfCancellationRequested();
            switch (status)
            {
                case ResponseHeadStatus.Complete:
                    return ResponseFault.None;
                case ResponseHeadStatus.Faulty:
                    return fault;
                case var _ when read.IsCompleted:
                    return ResponseFault.HeadCutOff;
            }
        }
    }

    /// <summary>
    /// Reads what comes next, as many bytes as there are: first what stands behind the head that was read last. 0 is the end of the
    /// connection.
    /// </summary>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct) =>
        _isBuffered ? new ValueTask<int>(ReadBuffered(buffer.Span)) : _stream.ReadAsync(buffer, ct);

    /// <summary>Takes bytes that are here already: 0 when there are none.</summary>
    public int ReadBuffered(Span<byte> buffer)
    {
        if (!_isBuffered || !_input.TryRead(out var read))
        {
            return 0;
        }

        var taken = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, buffer.Length));
        taken.CopyTo(buffer);
        _isBuffered = taken.Length < read.Buffer.Length;
        _input.AdvanceTo(taken.End);
        return (int)taken.Length;
    }

    /// <summary>A decoder for the chunked body that begins.</summary>
    public ChunkedDecoder BeginChunked()
    {
        _decoder ??= new ChunkedDecoder(isOfResponse: true);
        _decoder.Reset();
        return _decoder;
    }

    /// <summary>
    /// Ends our direction, the other one stays: what was written still arrives, then the origin reads the end of the stream.
    /// </summary>
    public async ValueTask FinishSendingAsync()
    {
        try
        {
            if (_stream is SslStream tls)
            {
                await tls.ShutdownAsync();
            }
            else
            {
                _socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception error) when (error is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It has ended as a whole already; whoever reads notices.
        }
    }

    /// <summary>
    /// Ends the connection with a reset, now: nothing of what was sent is taken for whole. Safe from any thread.
    /// </summary>
    public void Abort()
    {
        try
        {
            // Through the stream the socket would say FIN first.
            _socket.LingerState = new LingerOption(enable: true, seconds: 0);
            _socket.Dispose();
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }
    }

    /// <summary>Ends the connection in order, and gives its buffers back. No read of the caller's may be under way.</summary>
    public void Dispose()
    {
        _counted?.Dispose();
        RestingDeadline?.Dispose();
        Head.Reset();
        _stream.Dispose();
        if (TakeIdleRead() is { } begun)
        {
            _ = CompleteAfterAsync(begun);
        }
        else
        {
            _input.Complete();
        }
    }

    private Task<ReadResult>? TakeIdleRead()
    {
        var read = _idleRead;
        _idleRead = null;
        return read;
    }

    // The read has a buffer of the pipe's until it ends, which it does now that its stream is closed. Never throws.
    private async Task CompleteAfterAsync(Task<ReadResult> read)
    {
        try
        {
            await read;
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // That is how it ends.
        }

        _input.Complete();
    }
}
