using System.Buffers;

namespace Slice.Core.Http;

/// <summary>
/// One request head: its bytes, and what they mean. Filled by <see cref="RequestHeadParser"/>; nothing but <see cref="Reset"/> may be
/// called before the parser said <see cref="RequestHeadStatus.Complete"/>. Reused for every request of a connection; spans are valid until
/// the next parse or <see cref="Reset"/>. The bytes are rented while a head is in use and returned by <see cref="Reset"/>, so an idle
/// connection holds none. Not thread-safe.
/// </summary>
public sealed class RequestHead
{
    // Two kibibytes hold nearly every head of a download client or a browser without a second rent (arbitrary).
    private const int InitialBufferBytes = 2 << 10;

    private byte[] _buffer = [];
    private int _methodLength;
    private int _targetLength;
    private RequestTarget.Parts _target;
    private int _hostIndex = -1;

    /// <summary>The method.</summary>
    public RequestMethod Method { get; private set; }

    /// <summary>The method's bytes, as received.</summary>
    public ReadOnlySpan<byte> MethodBytes => _buffer.AsSpan(0, _methodLength);

    /// <summary>The request-target, as received.</summary>
    public RequestTarget Target => Length == 0 ? default : new(_buffer.AsSpan(_methodLength + 1, _targetLength), _target);

    /// <summary>0 for HTTP/1.0; 1 for HTTP/1.1 and any later HTTP/1, which RFC 9110 §2.5 asks to treat as 1.1.</summary>
    public int MinorVersion { get; private set; }

    /// <summary>The field lines.</summary>
    public FieldTable Fields { get; } = new();

    /// <summary>
    /// The authority the client asked: that of an absolute-form target, which wins over Host (RFC 9112 §3.2.2), else Host's value.
    /// Empty only for HTTP/1.0 without Host.
    /// </summary>
    public ReadOnlySpan<byte> Host =>
        _target.AuthorityLength > 0 ? Target.Authority : _hostIndex >= 0 ? Fields.ValueAt(_hostIndex) : default;

    /// <summary>Whether the client lets the connection persist after this exchange (RFC 9112 §9.3).</summary>
    public bool KeepAlive { get; private set; }

    /// <summary>Length of the body in bytes as stated by Content-Length; −1 when not stated.</summary>
    public long ContentLength { get; private set; } = -1;

    /// <summary>Whether the body is chunked; then <see cref="ContentLength"/> is −1.</summary>
    public bool IsChunked { get; private set; }

    /// <summary>Whether body bytes follow the head. A chunked body of no data counts: its framing must be read.</summary>
    public bool HasBody => IsChunked || ContentLength > 0;

    /// <summary>
    /// Whether the client waits for <c>100 (Continue)</c> before it sends its body. Never for HTTP/1.0 and never without a body
    /// (RFC 9110 §10.1.1).
    /// </summary>
    public bool ExpectsContinue { get; private set; }

    /// <summary>Number of bytes of the head.</summary>
    public int Length { get; private set; }

    /// <summary>All bytes of the head, from the request line to the empty line.</summary>
    internal ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, Length);

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

    /// <summary>Forgets everything but keeps the buffer, for the next request of a busy connection.</summary>
    internal void Clear()
    {
        Length = 0;
        _methodLength = 0;
        _targetLength = 0;
        _target = default;
        _hostIndex = -1;
        Method = RequestMethod.Other;
        MinorVersion = 0;
        KeepAlive = false;
        ContentLength = -1;
        IsChunked = false;
        ExpectsContinue = false;
        Fields.Clear();
    }

    /// <summary>Room for <paramref name="count"/> more bytes; the caller fills all of it.</summary>
    internal Span<byte> Append(int count)
    {
        if (Length + count > _buffer.Length)
        {
            Grow(Length + count);
        }

        Span<byte> room = _buffer.AsSpan(Length, count);
        Length += count;
        return room;
    }

    /// <summary>Drops bytes that were copied but belong to whatever follows the head.</summary>
    internal void TruncateTo(int length) => Length = length;

    internal void SetRequestLine(RequestMethod method, int methodLength, int targetLength, RequestTarget.Parts target, int minorVersion)
    {
        Method = method;
        _methodLength = methodLength;
        _targetLength = targetLength;
        _target = target;
        MinorVersion = minorVersion;
    }

    internal void SetHostIndex(int index) => _hostIndex = index;

    internal void SetFraming(long contentLength, bool isChunked)
    {
        ContentLength = contentLength;
        IsChunked = isChunked;
    }

    internal void SetConnection(bool keepAlive, bool expectsContinue)
    {
        KeepAlive = keepAlive;
        ExpectsContinue = expectsContinue;
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
