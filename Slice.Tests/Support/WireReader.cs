using System.Globalization;
using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>
/// Reads HTTP/1.1 messages from a socket strictly: a head ends with an empty line, a chunk is exactly as RFC 9112 §7.1 says; anything else
/// throws <see cref="InvalidDataException"/>, an end of stream inside a message <see cref="EndOfStreamException"/>. One reader at a time.
/// </summary>
internal sealed class WireReader(Socket socket)
{
    private const int MaxHeadBytes = 1 << 20;

    private byte[] _buffer = new byte[128 << 10];
    private int _start;
    private int _end;

    /// <summary>What has arrived and was not yet consumed.</summary>
    public ReadOnlySpan<byte> Buffered => _buffer.AsSpan(_start, _end - _start);

    /// <summary>The next head with its empty line; empty when the peer closed before the first byte of one.</summary>
    public async Task<byte[]> ReadHeadAsync(CancellationToken ct)
    {
        int length;
        while ((length = Buffered.IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (Buffered.Length > MaxHeadBytes)
            {
                throw new InvalidDataException("a head of more than 1 MiB: " + Wire.Show(Buffered));
            }

            if (!await FillAsync(ct))
            {
                return Buffered.IsEmpty ? [] : throw new EndOfStreamException("the peer closed inside a head: " + Wire.Show(Buffered));
            }
        }

        return Take(length + 4);
    }

    /// <summary>The next line without its CRLF.</summary>
    public async Task<string> ReadLineAsync(CancellationToken ct)
    {
        int length;
        while ((length = Buffered.IndexOf("\r\n"u8)) < 0)
        {
            if (!await FillAsync(ct))
            {
                throw new EndOfStreamException("the peer closed inside a line: " + Wire.Show(Buffered));
            }
        }

        string line = Wire.Text(Buffered[..length]);
        _start += length + 2;
        return line;
    }

    /// <summary>Hands exactly <paramref name="count"/> bytes to <paramref name="take"/>, in pieces as they arrive.</summary>
    public async Task ReadExactlyAsync(long count, Action<ReadOnlySpan<byte>> take, CancellationToken ct)
    {
        long left = count;
        while (left > 0)
        {
            if (Buffered.IsEmpty && !await FillAsync(ct))
            {
                throw new EndOfStreamException($"the peer closed {left} bytes before the end of {count}");
            }

            int piece = (int)Math.Min(left, Buffered.Length);
            take(Buffered[..piece]);
            _start += piece;
            left -= piece;
        }
    }

    /// <summary>Hands everything up to the peer's close to <paramref name="take"/>.</summary>
    public async Task ReadToEndAsync(Action<ReadOnlySpan<byte>> take, CancellationToken ct)
    {
        do
        {
            take(Buffered);
            _start = _end;
        }
        while (await FillAsync(ct));
    }

    /// <summary>Hands the data of a chunked body to <paramref name="take"/> and returns the trailer lines.</summary>
    public async Task<string[]> ReadChunkedAsync(Action<ReadOnlySpan<byte>> take, CancellationToken ct)
    {
        while (true)
        {
            string sizeLine = await ReadLineAsync(ct);
            string digits = sizeLine.Split(';')[0];
            if (!long.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long size) || size < 0)
            {
                throw new InvalidDataException($"bad chunk size line '{sizeLine}'");
            }

            if (size == 0)
            {
                return await ReadTrailerLinesAsync(ct);
            }

            await ReadExactlyAsync(size, take, ct);
            if ((await ReadLineAsync(ct)).Length != 0)
            {
                throw new InvalidDataException("a chunk is longer than its size");
            }
        }
    }

    /// <summary>Receives more; false at the peer's close.</summary>
    public async Task<bool> FillAsync(CancellationToken ct)
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_end == _buffer.Length)
        {
            int length = _end - _start;
            byte[] target = length > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
            Buffered.CopyTo(target);
            (_buffer, _start, _end) = (target, 0, length);
        }

        int received = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, ct);
        _end += received;
        return received > 0;
    }

    private async Task<string[]> ReadTrailerLinesAsync(CancellationToken ct)
    {
        var lines = new List<string>();
        for (string line = await ReadLineAsync(ct); line.Length > 0; line = await ReadLineAsync(ct))
        {
            lines.Add(line);
        }

        return [.. lines];
    }

    private byte[] Take(int count)
    {
        byte[] bytes = Buffered[..count].ToArray();
        _start += count;
        return bytes;
    }
}
