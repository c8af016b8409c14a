namespace Slice.Net.SharedCache.Memcached;

/// <summary>
/// Reads answers off a connection: lines of a bounded length into memory of its own, values straight into the caller's. Not thread-safe.
/// After an exception it stands somewhere inside an answer, and nothing may be read any more.
/// </summary>
/// <param name="stream">The connection. The caller owns the stream.</param>
internal sealed class MetaReader(Stream stream)
{
    /// <summary>Longest line with its CR LF: memcached's own limit for the line of a request, and far above that of any answer.</summary>
    public const int LongestLine = 2048;

    // What comes with a line and belongs to a value is copied once; a longer buffer would make it more.
    private readonly byte[] _buffer = new byte[2 * LongestLine];
    private int _start;
    private int _end;

    /// <summary>Whether there are no bytes that nobody has asked for yet.</summary>
    public bool IsEmpty => _start == _end;

    /// <summary>Number of bytes that have come, of all answers; for whom wants to know whether an answer has begun.</summary>
    public long ReceivedBytes { get; private set; }

    /// <summary>Reads a line and returns it without its CR LF; the memory is valid until the next call.</summary>
    /// <exception cref="MetaException">It is too long, or ends with LF alone.</exception>
    /// <exception cref="EndOfStreamException">The connection ended before the end of the line.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadLineAsync(CancellationToken ct)
    {
        for (int looked = 0; ;)
        {
            int found = _buffer.AsSpan(_start + looked, _end - _start - looked).IndexOf((byte)'\n');
            int length = found < 0 ? _end - _start : looked + found + 1;
            if (length > LongestLine || (found < 0 && length == LongestLine))
            {
                throw new MetaException("a line without an end");
            }

            if (found >= 0)
            {
                var line = _buffer.AsMemory(_start, length);
                _start += length;
                return line.Span.EndsWith("\r\n"u8) ? line[..^2] : throw new MetaException("a line that ends with LF alone");
            }

            looked = length;
            await FillAsync(ct);
        }
    }

    /// <summary>Reads as many bytes as there is room for.</summary>
    /// <exception cref="EndOfStreamException">The connection ended before.</exception>
    public async ValueTask ReadAsync(Memory<byte> target, CancellationToken ct)
    {
        int buffered = Math.Min(target.Length, _end - _start);
        _buffer.AsSpan(_start, buffered).CopyTo(target.Span);
        _start += buffered;
        for (target = target[buffered..]; !target.IsEmpty;)
        {
            int received = Received(await stream.ReadAsync(target, ct));
            target = target[received..];
        }
    }

    /// <summary>Reads the CR LF after a value.</summary>
    /// <exception cref="MetaException">Something else is there: the value is longer than it was said to be.</exception>
    public async ValueTask ReadValueEndAsync(CancellationToken ct)
    {
        while (_end - _start < 2)
        {
            await FillAsync(ct);
        }

        if (!_buffer.AsSpan(_start, 2).SequenceEqual("\r\n"u8))
        {
            throw new MetaException("a value that does not end where it should");
        }

        _start += 2;
    }

    private async ValueTask FillAsync(CancellationToken ct)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        _end += Received(await stream.ReadAsync(_buffer.AsMemory(_end), ct));
    }

    private int Received(int count)
    {
        ReceivedBytes += count;
        return count > 0 ? count : throw new EndOfStreamException("the server has closed the connection");
    }
}
