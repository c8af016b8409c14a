using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Ranges;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// The heads of responses that come from a stored response: its own field lines and those that belong to this answer. The caller
/// disposes them. Pure.
/// </summary>
internal static class SlicedResponse
{
    /// <summary>The stored status, or 206 with <paramref name="range"/>.</summary>
    public static RentedHead Create(HttpExchange exchange, StoredResponse stored, ByteRange? range, CacheStatus status, Instant now)
    {
        var head = new ResponseHeadBuilder(range is null ? stored.Status : 206, BytesOf(exchange, stored));
        if (range is not null && stored.DescribesContent)
        {
            WriteLinesOfPart(ref head, exchange, stored);
        }
        else
        {
            head.WriteStored(exchange, stored);
        }

        if (stored.Status == 200)
        {
            head.WriteAcceptRanges();
        }

        if (range is { } part)
        {
            head.WriteContentRange(part, stored.CompleteLength);
            head.WriteField("Content-Length"u8, part.Length);
        }
        else if (stored.Status != 204)
        {
            // RFC 9110 §8.6: a 204 has none.
            head.WriteField("Content-Length"u8, stored.CompleteLength);
        }

        return Finish(ref head, exchange, stored, status, now);
    }

    /// <summary>
    /// 206 with several parts: the object's own Content-Type stands in each part, and there is no Content-Range (RFC 9110 §15.3.7.2).
    /// </summary>
    public static RentedHead CreateMultipart(
        HttpExchange exchange, StoredResponse stored, MultipartByteranges multipart, CacheStatus status, Instant now)
    {
        var head = new ResponseHeadBuilder(206, BytesOf(exchange, stored));
        var lines = new FieldLineReader(stored.FieldLines.Span);
        while (lines.MoveNext())
        {
            if (!lines.Is("Content-Type"u8) && !StoredFields.IsOfContent(lines))
            {
                head.WriteStored(exchange, lines);
            }
        }

        head.WriteField("Content-Type"u8, multipart.ContentType);
        head.WriteAcceptRanges();
        head.WriteField("Content-Length"u8, multipart.ContentLength);
        return Finish(ref head, exchange, stored, status, now);
    }

    /// <summary>304 (RFC 9110 §15.4.5).</summary>
    public static RentedHead NotModified(HttpExchange exchange, StoredResponse stored, CacheStatus status, Instant now)
    {
        var head = new ResponseHeadBuilder(304, BytesOf(exchange, stored));
        var lines = new FieldLineReader(stored.FieldLines.Span);
        while (lines.MoveNext())
        {
            if (StoredFields.BelongsTo304(lines))
            {
                head.WriteStored(exchange, lines);
            }
        }

        return Finish(ref head, exchange, stored, status, now);
    }

    // Without those that describe the bytes of the whole.
    private static void WriteLinesOfPart(ref ResponseHeadBuilder head, HttpExchange exchange, StoredResponse stored)
    {
        var lines = new FieldLineReader(stored.FieldLines.Span);
        while (lines.MoveNext())
        {
            if (!StoredFields.IsOfContent(lines))
            {
                head.WriteStored(exchange, lines);
            }
        }
    }

    private static int BytesOf(HttpExchange exchange, StoredResponse stored) =>
        stored.FieldLines.Length + (stored.HasReferences ? ResponseHeadBuilder.ReferenceBytes(exchange) : 0);

    private static RentedHead Finish(
        ref ResponseHeadBuilder head, HttpExchange exchange, StoredResponse stored, CacheStatus status, Instant now)
    {
        var age = stored.Freshness.AgeAt(now);
        head.WriteField("Age"u8, (long)age.TotalSeconds);
        head.WriteVia();
        var result = status.Result;
        exchange.UseCache(result, status.Detail);
        head.WriteCache(status, status.IsKept ? (long)(stored.Freshness.Lifetime - age).TotalSeconds : null, result);
        head.WriteConnection(exchange);
        return head.End();
    }
}
