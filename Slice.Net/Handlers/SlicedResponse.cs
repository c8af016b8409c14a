using System.Buffers;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Ranges;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// Writes the heads of responses that come from a stored response: its own field lines and those that belong to this answer.
/// The buffer is rented per head; dispose returns it.
/// </summary>
internal struct SlicedResponse : IDisposable
{
    // Status line and the fields we add; the longest of them together are under 600 bytes.
    private const int OwnBytes = 1024;

    private byte[]? _buffer;

    /// <summary>The head, until disposed.</summary>
    public ReadOnlyMemory<byte> Head { get; private set; }

    /// <summary>The stored status, or 206 with <paramref name="range"/>.</summary>
    public static SlicedResponse Create(
        HttpExchange exchange, StoredResponse stored, ByteRange? range, CacheStatus status, DateTimeOffset now)
    {
        var response = Rent(stored.FieldLines.Length, out var writer);
        writer.WriteStatusLine(range is null ? stored.Status : 206);
        writer.WriteRaw(stored.FieldLines.Span);
        if (stored.Status == 200)
        {
            writer.WriteField("Accept-Ranges"u8, "bytes"u8);
        }

        if (range is { } part)
        {
            writer.WriteContentRange(part, stored.CompleteLength);
            writer.WriteField("Content-Length"u8, part.Length);
        }
        else if (stored.Status != 204)
        {
            // RFC 9110 §8.6: a 204 has none.
            writer.WriteField("Content-Length"u8, stored.CompleteLength);
        }

        response.Finish(ref writer, exchange, stored, status, now);
        return response;
    }

    /// <summary>206 with several parts: the object's own Content-Type stands in each part, and there is no Content-Range (RFC 9110 §15.3.7.2).</summary>
    public static SlicedResponse CreateMultipart(
        HttpExchange exchange, StoredResponse stored, MultipartByteranges multipart, CacheStatus status, DateTimeOffset now)
    {
        var response = Rent(stored.FieldLines.Length, out var writer);
        writer.WriteStatusLine(206);
        var lines = new FieldLineReader(stored.FieldLines.Span);
        while (lines.MoveNext())
        {
            if (!lines.Is("Content-Type"u8))
            {
                writer.WriteRaw(lines.Line);
            }
        }

        writer.WriteField("Content-Type"u8, multipart.ContentType);
        writer.WriteField("Accept-Ranges"u8, "bytes"u8);
        writer.WriteField("Content-Length"u8, multipart.ContentLength);
        response.Finish(ref writer, exchange, stored, status, now);
        return response;
    }

    /// <summary>304 (RFC 9110 §15.4.5).</summary>
    public static SlicedResponse NotModified(HttpExchange exchange, StoredResponse stored, CacheStatus status, DateTimeOffset now)
    {
        var response = Rent(stored.FieldLines.Length, out var writer);
        writer.WriteStatusLine(304);
        var lines = new FieldLineReader(stored.FieldLines.Span);
        while (lines.MoveNext())
        {
            if (StoredFields.BelongsTo304(lines))
            {
                writer.WriteRaw(lines.Line);
            }
        }

        response.Finish(ref writer, exchange, stored, status, now);
        return response;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }
    }

    private static SlicedResponse Rent(int storedBytes, out ResponseHeadWriter writer)
    {
        var response = new SlicedResponse { _buffer = ArrayPool<byte>.Shared.Rent(storedBytes + OwnBytes) };
        writer = new ResponseHeadWriter(response._buffer);
        return response;
    }

    private void Finish(ref ResponseHeadWriter writer, HttpExchange exchange, StoredResponse stored, CacheStatus status, DateTimeOffset now)
    {
        var age = stored.Freshness.AgeAt(now);
        writer.WriteField("Age"u8, (long)age.TotalSeconds);
        writer.WriteField("Via"u8, "1.1 pingora-slice"u8);
        Span<byte> cacheStatus = stackalloc byte[CacheStatus.MaxBytes];
        long? ttl = status.IsKept ? (long)(stored.Freshness.Lifetime - age).TotalSeconds : null;
        writer.WriteField("Cache-Status"u8, cacheStatus[..status.Write(cacheStatus, ttl)]);
        writer.WriteField("X-Cache"u8, status.XCache);
        ConnectionFields.Write(ref writer, exchange);
        if (!writer.End())
        {
            throw new InvalidOperationException("A response head is longer than its fields.");
        }

        Head = _buffer.AsMemory(0, writer.BytesWritten);
    }
}
