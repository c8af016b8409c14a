using System.Buffers;
using System.Collections.Immutable;
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

    // As many as there are fields with references. Further lines, which no client should believe, go on as they are.
    private const int MaxRewritten = 3;

    private readonly byte[] _buffer;
    private ResponseHeadWriter _writer;
    private int _rewritten;

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
    /// <param name="otherBytes">Room for a body behind the head, and for references.</param>
    public ResponseHeadBuilder(ResponseHead head, int otherBytes = 0)
        : this(otherBytes + head.Length + (2 * head.Fields.LineCount)) => _writer.WriteStatusLine(head.Status, head.ReasonPhrase);

    private ResponseHeadBuilder(int otherBytes)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(OwnBytes + otherBytes);
        _writer = new ResponseHeadWriter(_buffer);
    }

    /// <summary>Room that references take beyond their own, when they name the client's address instead of the origin's.</summary>
    public static int ReferenceBytes(HttpExchange exchange) =>
        exchange.Settings.Options.RewriteLocation ? MaxRewritten * ("https://"u8.Length + exchange.Client.Host.Length) : 0;

    /// <summary>Room that the lines of an origin take.</summary>
    public static int BytesOf(ImmutableArray<ForwardedField> fields)
    {
        int bytes = 0;
        foreach (var field in fields)
        {
            bytes += ResponseHeadWriter.BytesOf(field);
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

    /// <summary>
    /// All lines of a stored response. What the origin calls by its own address is the client's to each client: the next one may come by
    /// another host.
    /// </summary>
    public void WriteStored(HttpExchange exchange, StoredResponse stored)
    {
        if (!stored.HasReferences)
        {
            _writer.WriteRaw(stored.FieldLines.Span);
            return;
        }

        var lines = new FieldLineReader(stored.FieldLines.Span);
        while (lines.MoveNext())
        {
            WriteStored(exchange, lines);
        }
    }

    /// <summary>One line of a stored response.</summary>
    public void WriteStored(HttpExchange exchange, scoped in FieldLineReader line)
    {
        if (!TryRewrite(exchange, line.Name, line.Value))
        {
            _writer.WriteRaw(line.Line);
        }
    }

    /// <summary>One line of an origin as it is, whether or not it is end-to-end.</summary>
    public void WriteForwarded(ForwardedField field) => _writer.WriteForwarded(field);

    /// <summary>One line of an origin, end-to-end or not. A reference to the origin's own address names the client's instead.</summary>
    public void WriteForwarded(HttpExchange exchange, ForwardedField field)
    {
        bool isReference = field.Name.Length is 7 or 8 or 16 && ReferenceFields.Contains(Encoding.Latin1.GetBytes(field.Name));
        if (!isReference || !TryRewrite(exchange, Encoding.Latin1.GetBytes(field.Name), Encoding.Latin1.GetBytes(field.Value)))
        {
            _writer.WriteForwarded(field);
        }
    }

    /// <summary>One line of an origin, end-to-end or not. A reference to the origin's own address names the client's instead.</summary>
    public void WriteForwarded(HttpExchange exchange, FieldTable fields, int index)
    {
        if (!TryRewrite(exchange, fields.NameAt(index), fields.ValueAt(index)))
        {
            _writer.WriteField(fields.NameAt(index), fields.ValueAt(index));
        }
    }

    /// <summary>Via: that the response came through us (RFC 9110 §7.6.3).</summary>
    public void WriteVia() => _writer.WriteRaw(SubrequestTemplates.ViaLine);

    /// <summary>Accept-Ranges (RFC 9110 §14.3): that ranges are answered.</summary>
    public void WriteAcceptRanges() => _writer.WriteRaw("Accept-Ranges: bytes\r\n"u8);

    /// <summary>Cache-Status (RFC 9211) and X-Cache: what the cache did.</summary>
    /// <param name="status">What it did.</param>
    /// <param name="timeToLiveSeconds">How long the response is still fresh; null when it is none of ours.</param>
    /// <param name="result">The word of X-Cache.</param>
    public void WriteCache(CacheStatus status, long? timeToLiveSeconds, CacheResult result)
    {
        Span<byte> value = stackalloc byte[CacheStatus.MaxBytes];
        _writer.WriteOwn("Cache-Status"u8, value[..status.Write(value, timeToLiveSeconds)]);
        _writer.WriteOwn("X-Cache"u8, CacheStatus.XCacheOf(result));
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

    // Scheme and authority by which the client has reached us, or the trusted proxy before us, as nginx does by default. A client of
    // HTTP/1.0 that named no host gets a relative reference.
    private bool TryRewrite(HttpExchange exchange, scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        if (!ReferenceFields.Contains(name) || !exchange.Settings.Options.RewriteLocation || _rewritten == MaxRewritten)
        {
            return false;
        }

        int start = ReferenceFields.FindReference(name, value);
        var host = exchange.Client.Host;
        bool isTls = exchange.Client.IsTls;
        if (start < 0
            || value.ContainsAny((byte)'\r', (byte)'\n', (byte)0)
            || !exchange.Settings.References.TryFind(value[start..], host, isTls, out int length))
        {
            return false;
        }

        _rewritten++;
        var rest = value[(start + length)..];
        if (!host.IsEmpty)
        {
            _writer.WriteField(name, value[..start], isTls ? "https://"u8 : "http://"u8, host, rest);
        }
        else
        {
            _writer.WriteField(name, value[..start], rest.StartsWith("/"u8) ? default : "/"u8, default, rest);
        }

        return true;
    }

    private static InvalidOperationException TooLong() => new("A response head is longer than its fields.");
}
