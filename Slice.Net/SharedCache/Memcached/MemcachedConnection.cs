using System.Net.Sockets;
using System.Text;

namespace Slice.Net.SharedCache.Memcached;

/// <summary>
/// A connection to a server, with one request on it at a time. After an exception, or an answer that was not read to its end, it can only
/// be disposed: what comes late must not be taken for the answer to another request. Disposing is thread-safe, all else is not.
/// </summary>
internal sealed class MemcachedConnection : IDisposable
{
    // What is not longer goes out together with its line, in one segment for the most part.
    private const int LongestCopied = 4096;

    private readonly NetworkStream _stream;
    private readonly MetaReader _reader;
    private readonly TimeProvider _time;
    private readonly byte[] _request = new byte[MetaRequest.LongestLine + LongestCopied + 2];
    private readonly byte[] _key = new byte[MetaRequest.LongestLine];
    private long? _sentAt;
    private long _receivedBefore;

    /// <summary>Takes a socket that is connected.</summary>
    public MemcachedConnection(Socket socket, TimeProvider time)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new MetaReader(_stream);
        _time = time;
    }

    /// <summary>Whether <see cref="Abandon"/> was called.</summary>
    public bool IsAbandoned { get; private set; }

    /// <summary>Whether every byte that has come was part of an answer.</summary>
    public bool HasReadAll => _reader.IsEmpty;

    /// <summary>Whether the next request may go over it: the server has neither closed it nor said anything unasked.</summary>
    public bool IsClean => HasReadAll && !_stream.Socket.Poll(0, SelectMode.SelectRead);

    /// <summary>How long the server has been silent since it had the whole request; zero when it is not.</summary>
    public TimeSpan Silence => _sentAt is { } sentAt && _reader.ReceivedBytes == _receivedBefore ? _time.GetElapsedTime(sentAt) : default;

    /// <summary>Sends a request and reads the first line of its answer.</summary>
    /// <exception cref="MetaException">The answer is an error, or none.</exception>
    /// <exception cref="IOException">The connection has ended.</exception>
    public async ValueTask<MetaAnswer> AskAsync(MetaRequest request, CancellationToken ct)
    {
        await SendAsync(request, ct);
        var line = await _reader.ReadLineAsync(ct);
        int length = Encoding.ASCII.GetBytes(request.Key, _key);
        return MetaAnswer.Parse(line.Span, _key.AsSpan(0, length), request.Asked, out var answer) is { } problem
            ? throw new MetaException(problem)
            : answer;
    }

    /// <summary>Sends a request.</summary>
    public async ValueTask SendAsync(MetaRequest request, CancellationToken ct)
    {
        _sentAt = null;
        _receivedBefore = _reader.ReceivedBytes;
        int length = request.WriteLine(_request);
        if (!request.HasValue)
        {
            await _stream.WriteAsync(_request.AsMemory(0, length), ct);
        }
        else
        {
            await SendWithValueAsync(request, length, ct);
        }

        _sentAt = _time.GetTimestamp();
    }

    /// <summary>Reads the next line of an answer, without its CR LF; valid until the next read.</summary>
    public ValueTask<ReadOnlyMemory<byte>> ReadLineAsync(CancellationToken ct) => _reader.ReadLineAsync(ct);

    /// <summary>Reads a piece of a value.</summary>
    public ValueTask ReadAsync(Memory<byte> target, CancellationToken ct) => _reader.ReadAsync(target, ct);

    /// <summary>Reads the end of a value.</summary>
    public ValueTask ReadValueEndAsync(CancellationToken ct) => _reader.ReadValueEndAsync(ct);

    /// <summary>Leaves the rest of an answer unread: the connection will be closed.</summary>
    public void Abandon() => IsAbandoned = true;

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private async ValueTask SendWithValueAsync(MetaRequest request, int length, CancellationToken ct)
    {
        request.Lead.CopyTo(_request.AsMemory(length));
        length += request.Lead.Length;
        if (request.Value.Length <= LongestCopied - request.Lead.Length)
        {
            request.Value.CopyTo(_request.AsMemory(length));
            length += request.Value.Length;
            "\r\n"u8.CopyTo(_request.AsSpan(length));
            await _stream.WriteAsync(_request.AsMemory(0, length + 2), ct);
            return;
        }

        await _stream.WriteAsync(_request.AsMemory(0, length), ct);
        await _stream.WriteAsync(request.Value, ct);
        "\r\n"u8.CopyTo(_request);
        await _stream.WriteAsync(_request.AsMemory(0, 2), ct);
    }
}
