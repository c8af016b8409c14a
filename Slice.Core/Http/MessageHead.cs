using System.Buffers;

namespace Slice.Core.Http;

/// <summary>
/// What the heads of requests and responses have in common (RFC 9112 §2.1): their bytes, their field lines, and what these say about the
/// body and the connection. Filled by a parser; nothing but <see cref="Reset"/> may be called before the parser said that the head is
/// complete. Reused for every message of a connection; spans are valid until the next parse or <see cref="Reset"/>. The bytes are rented
/// while a head is in use and returned by <see cref="Reset"/>, so an idle connection holds none. Not thread-safe.
/// </summary>
public abstract class MessageHead
{
    // Two kibibytes hold nearly every head of a download client, a browser or a file server without a second rent (arbitrary).
    private const int InitialBufferBytes = 2 << 10;

    private byte[] _buffer = [];

    private protected MessageHead()
    {
    }

    /// <summary>0 for HTTP/1.0; 1 for HTTP/1.1 and any later HTTP/1, which RFC 9110 §2.5 asks to treat as 1.1.</summary>
    public int MinorVersion { get; private protected set; }

    /// <summary>The field lines.</summary>
    public FieldTable Fields { get; } = new();

    /// <summary>Whether the sender lets the connection persist after this exchange (RFC 9112 §9.3).</summary>
    public bool KeepAlive { get; private set; }

    /// <summary>Length of the body in bytes as stated by Content-Length; −1 when not stated.</summary>
    public long ContentLength { get; private set; } = -1;

    /// <summary>Whether the body is chunked; then <see cref="ContentLength"/> is −1.</summary>
    public bool IsChunked { get; private set; }

    /// <summary>Number of bytes of the head.</summary>
    public int Length { get; private set; }

    /// <summary>All bytes of the head, from the start line to the empty line.</summary>
    internal ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, Length);

    /// <summary>The same, to be repaired in their place.</summary>
    private protected Span<byte> MutableBytes => _buffer.AsSpan(0, Length);

    /// <summary>Forgets everything and gives the bytes back. Call it when an exchange is over, and when the connection is.</summary>
    public void Reset()
    {
        Clear();
        Fields.Release();
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    /// <summary>Forgets everything but keeps the buffer, for the next message of a busy connection.</summary>
    internal void Clear()
    {
        Length = 0;
        MinorVersion = 0;
        KeepAlive = false;
        ContentLength = -1;
        IsChunked = false;
        Fields.Clear();
        ClearOwn();
    }

    /// <summary>
    /// Copies what of the head has arrived and is not here yet. Never beyond <paramref name="maxBytes"/>, and in the usual case, a whole
    /// head in the first segment, never beyond the head: what follows may be the many requests of a pipelining client or a large body,
    /// which must not be copied once for each head.
    /// </summary>
    /// <param name="buffer">Bytes from the connection.</param>
    /// <param name="leadingBytes">How many of them come before the head.</param>
    /// <param name="maxBytes">Longest head.</param>
    internal void CopyNewBytes(in ReadOnlySequence<byte> buffer, int leadingBytes, int maxBytes)
    {
        if (Length == 0 && leadingBytes == 0)
        {
            ReadOnlySpan<byte> first = buffer.FirstSpan;
            first = first[..Math.Min(first.Length, maxBytes)];
            int end = first.IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                first = first[..(end + 4)];
                first.CopyTo(Append(first.Length));
                return;
            }
        }

        int copied = Length;
        int wanted = (int)Math.Min(buffer.Length - leadingBytes, maxBytes) - copied;
        if (wanted > 0)
        {
            buffer.Slice(leadingBytes + copied, wanted).CopyTo(Append(wanted));
        }
    }

    /// <summary>Drops bytes that were copied but belong to whatever follows the head.</summary>
    internal void TruncateTo(int length) => Length = length;

    internal void SetFraming(long contentLength, bool isChunked)
    {
        ContentLength = contentLength;
        IsChunked = isChunked;
    }

    internal void SetKeepAlive(bool keepAlive) => KeepAlive = keepAlive;

    /// <summary>Forgets what only this kind of message has.</summary>
    private protected abstract void ClearOwn();

    // Room for more bytes; the caller fills all of it.
    private Span<byte> Append(int count)
    {
        if (Length + count > _buffer.Length)
        {
            Grow(Length + count);
        }

        Span<byte> room = _buffer.AsSpan(Length, count);
        Length += count;
        return room;
    }

    private void Grow(int length)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(length, Math.Max(InitialBufferBytes, _buffer.Length * 2)));
        Bytes.CopyTo(larger);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = larger;
        Fields.Attach(larger);
    }
}
