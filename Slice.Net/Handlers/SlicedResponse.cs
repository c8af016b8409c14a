using System.Buffers;
using System.Buffers.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Ranges;
using Slice.Net.Connections;

namespace Slice.Net.Handlers;

/// <summary>
/// Writes the heads of responses that come from a stored response: its own field lines and those that belong to this answer.
/// The buffer is rented per head; dispose returns it.
/// </summary>
internal struct SlicedResponse : IDisposable
{
    // Status line and the fields we add; the longest of them together are under 600 bytes.
    private const int OwnBytes = 1024;

    // Pseudonym, parameters and two numbers of at most 20 digits each: under 128 bytes.
    private const int MaxCacheStatusBytes = 160;

    private byte[]? _buffer;

    /// <summary>The head, until disposed.</summary>
    public ReadOnlyMemory<byte> Head { get; private set; }

    /// <summary>200, or 206 with <paramref name="range"/>.</summary>
    public static SlicedResponse Create(
        HttpExchange exchange, StoredResponse stored, ByteRange? range, SliceUse use, DateTimeOffset now)
    {
        var response = Rent(stored.FieldLines.Length, out var writer);
        writer.WriteStatusLine(range is null ? 200 : 206);
        writer.WriteRaw(stored.FieldLines.Span);
        writer.WriteField("Accept-Ranges"u8, "bytes"u8);
        if (range is { } part)
        {
            writer.WriteContentRange(part, stored.CompleteLength);
            writer.WriteField("Content-Length"u8, part.Length);
        }
        else
        {
            writer.WriteField("Content-Length"u8, stored.CompleteLength);
        }

        response.Finish(ref writer, exchange, stored, use, now);
        return response;
    }

    /// <summary>304 (RFC 9110 §15.4.5).</summary>
    public static SlicedResponse NotModified(HttpExchange exchange, StoredResponse stored, SliceUse use, DateTimeOffset now)
    {
        var response = Rent(stored.NotModifiedFieldLines.Length, out var writer);
        writer.WriteStatusLine(304);
        writer.WriteRaw(stored.NotModifiedFieldLines.Span);
        response.Finish(ref writer, exchange, stored, use, now);
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

    private void Finish(ref ResponseHeadWriter writer, HttpExchange exchange, StoredResponse stored, SliceUse use, DateTimeOffset now)
    {
        var age = stored.Freshness.AgeAt(now);
        writer.WriteField("Age"u8, (long)age.TotalSeconds);
        writer.WriteField("Via"u8, "1.1 pingora-slice"u8);
        Span<byte> cacheStatus = stackalloc byte[MaxCacheStatusBytes];
        writer.WriteField("Cache-Status"u8, cacheStatus[..use.WriteCacheStatus(cacheStatus, (long)(stored.Freshness.Lifetime - age).TotalSeconds)]);
        writer.WriteField("X-Cache"u8, use.XCache);
        ConnectionFields.Write(ref writer, exchange);
        if (!writer.End())
        {
            throw new InvalidOperationException("A response head is longer than its fields.");
        }

        Head = _buffer.AsMemory(0, writer.BytesWritten);
    }
}

/// <summary>How much of a response comes from the store (RFC 9211).</summary>
/// <param name="Hits">Slices of the response that are stored.</param>
/// <param name="Total">Slices of the response.</param>
/// <param name="WasRevalidated">Whether the origin was asked whether the stored response is still good.</param>
internal readonly record struct SliceUse(int Hits, int Total, bool WasRevalidated)
{
    /// <summary>The value of X-Cache.</summary>
    public ReadOnlySpan<byte> XCache => Hits == Total ? "HIT"u8 : Hits == 0 ? "MISS"u8 : "PARTIAL"u8;

    /// <summary>Writes the value of Cache-Status; returns its length.</summary>
    public int WriteCacheStatus(Span<byte> destination, long timeToLiveSeconds)
    {
        int length = Append(destination, 0, "pingora-slice"u8);
        length = Append(destination, length, Reason);
        length = Append(destination, length, "; ttl="u8);
        length = Append(destination, length, timeToLiveSeconds);
        length = Append(destination, length, "; slices=\""u8);
        length = Append(destination, length, Hits);
        length = Append(destination, length, "/"u8);
        length = Append(destination, length, Total);
        return Append(destination, length, "\""u8);
    }

    // RFC 9211 §2.1 and §2.2: hit only when nothing went to the origin.
    private ReadOnlySpan<byte> Reason => WasRevalidated ? "; fwd=stale"u8 : Hits == Total ? "; hit"u8 : Hits == 0 ? "; fwd=miss"u8 : "; fwd=partial"u8;

    private static int Append(Span<byte> destination, int length, ReadOnlySpan<byte> text)
    {
        text.CopyTo(destination[length..]);
        return length + text.Length;
    }

    private static int Append(Span<byte> destination, int length, long number)
    {
        Utf8Formatter.TryFormat(number, destination[length..], out int written);
        return length + written;
    }
}
