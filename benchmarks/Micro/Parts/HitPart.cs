using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Slice.Core.Options;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>
/// A whole hit: 4 KiB of a stored slice over a connection in memory, from the bytes of the request to those of the response. Everything
/// runs on the caller's thread. Without a socket the slice is copied into the pipe, as under TLS.
/// </summary>
internal sealed class HitPart : IHotPathPart, IDisposable
{
    /// <summary>Bytes asked for.</summary>
    public const int RangeBytes = 4 << 10;

    private static readonly PipeOptions s_inline =
        new(readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false);

    private readonly WarmInstance _instance;
    private readonly Pipe _toServer = new(s_inline);
    private readonly Pipe _toClient = new(s_inline);
    private readonly byte[] _request =
        RequestHeadPart.BytesOf(WarmInstance.Target, "User-Agent: curl/8.5.0\r\nAccept: */*\r\nRange: bytes=1000-5095\r\n");
    private readonly DefaultConnectionContext _connection;
    private readonly Task _served;

    /// <summary>A connection that has asked for nothing yet.</summary>
    /// <param name="configure">Changes the options of the instance; null for no change.</param>
    public HitPart(Func<SliceOptions, SliceOptions>? configure = null)
    {
        _instance = new WarmInstance(configure);
        _connection = new DefaultConnectionContext(
            "memory", new DuplexPipe(_toServer.Reader, _toClient.Writer), new DuplexPipe(_toClient.Reader, _toServer.Writer))
        {
            RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 40000),
        };

        // Returns when the server waits for the first request.
        _served = _instance.Composition.Parts.Proxy.OnConnectedAsync(_connection);
    }

    /// <inheritdoc/>
    public void Run()
    {
        // The server runs within the write, up to its wait for the next request.
        SendAsync().AsTask().GetAwaiter().GetResult();
        if (!_toClient.Reader.TryRead(out var read))
        {
            throw new InvalidOperationException("The request was not answered at once.");
        }

        bool isPart = read.Buffer.FirstSpan.StartsWith("HTTP/1.1 206 "u8) && read.Buffer.Length > RangeBytes;
        _toClient.Reader.AdvanceTo(read.Buffer.End);
        if (!isPart)
        {
            throw new InvalidOperationException("The answer is not the part.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _toServer.Writer.Complete();
        _served.GetAwaiter().GetResult();
        _instance.Dispose();
    }

    private async ValueTask SendAsync() => await _toServer.Writer.WriteAsync(_request);

    private sealed class DuplexPipe(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
