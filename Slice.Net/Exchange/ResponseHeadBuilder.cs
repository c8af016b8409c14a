using System.Buffers;
using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Ranges;

namespace Slice.Net.Exchange;

/// <summary>
/// Writes a response head: the one place that knows how a head looks on the wire, whoever makes it. Status line first, then field lines in
/// the order of the calls, then <see cref="End()"/>. It allocates nothing: the memory is rented, and belongs to the caller once the head
/// has ended.
/// </summary>
/// <remarks>A value with CR, LF or NUL never begins a line of its own; <see cref="ResponseHeadWriter"/> says how.</remarks>
internal ref struct ResponseHeadBuilder
{
    // For the status line and every field of ours; the longest of them together are under 600 bytes.
    private const int OwnBytes = 1024;

    private readonly byte[] _buffer;
    private ResponseHeadWriter _writer;

    /// <summary>A head with the phrase of the registry.</summary>
    /// <param name="status">100 to 999.</param>
    /// <param name="otherBytes">Room for what is not ours: stored or forwarded lines, and a body.</param>
    public ResponseHeadBuilder(int status, int otherBytes = 0)
        : this(otherBytes) => _writer.WriteStatusLine(status);

    /// <summary>A head with the origin's reason phrase.</summary>
    /// <param name="status">100 to 999.</param>
    /// <param name="reasonPhrase">The phrase, as it came.</param>
    /// <param name="otherBytes">Room for what is not ours, without the phrase.</param>
    public ResponseHeadBuilder(int status, string reasonPhrase, int otherBytes)
        : this(otherBytes + reasonPhrase.Length) => _writer.WriteStatusLine(status, reasonPhrase);

    /// <summary>A head with the status line of a response that is passed on, and room for its lines.</summary>
    /// <param name="head">The response.</param>
    /// <param name="bodyBytes">Room for a body behind the head.</param>
    public ResponseHeadBuilder(ResponseHead head, int bodyBytes = 0)
        : this(bodyBytes + head.Length + (2 * head.Fields.LineCount)) => _writer.WriteStatusLine(head.Status, head.ReasonPhrase);

    private ResponseHeadBuilder(int otherBytes)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(OwnBytes + otherBytes);
        _writer = new ResponseHeadWriter(_buffer);
    }

    /// <summary>Room that the lines of an origin take.</summary>
    public static int BytesOf(IReadOnlyList<ForwardedField> fields)
    {
        int bytes = 0;
        for (int index = 0; index < fields.Count; index++)
        {
            bytes += ResponseHeadWriter.BytesOf(fields[index]);
        }

        return bytes;
    }

    /// <summary>A field of ours.</summary>
    public void WriteField(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value) => _writer.WriteField(name, value);

    /// <summary>A field of ours with a number of 0 or more.</summary>
    public void WriteField(scoped ReadOnlySpan<byte> name, long value) => _writer.WriteField(name, value);

    /// <summary>The Content-Range of a part.</summary>
    public void WriteContentRange(ByteRange range, long completeLength) => _writer.WriteContentRange(range, completeLength);

    /// <summary>The Content-Range of a 416.</summary>
    public void WriteUnsatisfiedContentRange(long completeLength) => _writer.WriteUnsatisfiedContentRange(completeLength);

    /// <summary>Lines of a stored response, each with its CRLF.</summary>
    public void WriteStored(scoped ReadOnlySpan<byte> lines) => _writer.WriteRaw(lines);

    /// <summary>One line of an origin, whether or not it is end-to-end.</summary>
    public void WriteForwarded(ForwardedField field) => _writer.WriteForwarded(field);

    /// <summary>One line of an origin, whether or not it is end-to-end.</summary>
    public void WriteForwarded(FieldTable fields, int index) => _writer.WriteField(fields.NameAt(index), fields.ValueAt(index));

    /// <summary>Via: that the response came through us (RFC 9110 §7.6.3).</summary>
    public void WriteVia() => _writer.WriteField("Via"u8, SubrequestTemplates.Via);

    /// <summary>Cache-Status (RFC 9211) and X-Cache: what the cache did.</summary>
    /// <param name="status">What it did.</param>
    /// <param name="timeToLiveSeconds">How long the response is still fresh; null when it is none of ours.</param>
    /// <param name="result">The word of X-Cache.</param>
    public void WriteCache(CacheStatus status, long? timeToLiveSeconds, CacheResult result)
    {
        Span<byte> value = stackalloc byte[CacheStatus.MaxBytes];
        _writer.WriteField("Cache-Status"u8, value[..status.Write(value, timeToLiveSeconds)]);
        _writer.WriteField("X-Cache"u8, CacheStatus.XCacheOf(result));
    }

    /// <summary>Connection (RFC 9112 §9.3, §9.6): that it closes; or to an HTTP/1.0 client, that it stays.</summary>
    public void WriteConnection(HttpExchange exchange)
    {
        // A body that nobody reads stands where the next request would be: the connection ends with this response.
        if (!exchange.KeepAlive || !exchange.Body.IsConsumed)
        {
            _writer.WriteField("Connection"u8, "close"u8);
        }
        else if (exchange.Head.MinorVersion == 0)
        {
            _writer.WriteField("Connection"u8, "keep-alive"u8);
        }
    }

    /// <summary>Ends the head.</summary>
    /// <exception cref="InvalidOperationException">It is longer than the room it was given: a fault of ours.</exception>
    public RentedHead End() => _writer.End() ? new RentedHead(_buffer, _writer.BytesWritten) : throw TooLong();

    /// <summary>Ends the head and puts a small body of ours behind it, in UTF-8, so that both leave in one write.</summary>
    /// <exception cref="InvalidOperationException">They are longer than the room they were given: a fault of ours.</exception>
    public RentedHead End(string body)
    {
        if (!_writer.End() || !Encoding.UTF8.TryGetBytes(body, _buffer.AsSpan(_writer.BytesWritten), out int bodyBytes))
        {
            throw TooLong();
        }

        return new RentedHead(_buffer, _writer.BytesWritten + bodyBytes);
    }

    private static InvalidOperationException TooLong() => new("A response head is longer than its fields.");
}
