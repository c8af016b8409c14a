using System.Text;
using System.Buffers;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Net.Exchange;
using Slice.Net.Origin;

namespace Slice.Net.Handlers;

/// <summary>
/// Sends an origin's response on as it is, at the client's pace: end-to-end fields, our Via, and a framing the client understands.
/// A body that breaks off ends in an aborted connection, never in something that looks whole.
/// </summary>
internal static class ResponseForwarder
{
    private const int BufferBytes = 64 << 10;

    // As much of a body leaves together with the head as came with it. Arbitrary: what a connection reads with a head.
    private const int MaxBodyBesideHead = 16 << 10;

    /// <summary>Sends head and body, and gives the body to <paramref name="fill"/> if there is one. The caller disposes both.</summary>
    public static async ValueTask ForwardAsync(
        HttpExchange exchange, OriginResponse response, CacheStatus status, StreamedBodyFill? fill, SliceMeter meter, RequestLog log)
    {
        // An origin that says nothing for a while must not keep the response of a client that has left.
        using var leaving = exchange.ConnectionClosed.UnsafeRegister(static response => ((OriginResponse)response!).Abort(), response);
        bool hasBody = !exchange.IsHead && response.Status is not (204 or 304) && response.ContentLength != 0;
        bool isChunked = hasBody && response.ContentLength < 0 && exchange.Head.MinorVersion == 1;
        if (hasBody && response.ContentLength < 0 && !isChunked)
        {
            // HTTP/1.0 knows no chunks: the end of the connection ends the body.
            exchange.KeepAlive = false;
            exchange.EndsWithConnection = true;
        }

        bool isWhole = await TryWriteHeadAsync(exchange, response, status, isChunked, fill, meter)
            && (!hasBody || await TryForwardBodyAsync(exchange, response, isChunked, fill, meter, log));
        if (!isWhole)
        {
            exchange.Abort();
        }
    }

    // What came together goes on together: a small answer is one write. What is kept goes another way, and is kept before it is sent.
    private static async ValueTask<bool> TryWriteHeadAsync(
        HttpExchange exchange, OriginResponse response, CacheStatus status, bool isChunked, StreamedBodyFill? fill, SliceMeter meter)
    {
        using var head = FormatHead(exchange, response, status, isChunked, fill is not null);
        exchange.StartResponse(response.Status);
        int bodyBytes = isChunked || fill is not null || exchange.IsHead ? 0 : response.ReadBuffered(head.Room.Span);
        meter.BytesFromOrigin.Add(bodyBytes);
        if (await exchange.Writer.WriteAsync(head.BytesWith(bodyBytes)) != WriteResult.Written)
        {
            return false;
        }

        exchange.BodyBytes += bodyBytes;
        return true;
    }

    private static async ValueTask<bool> TryForwardBodyAsync(
        HttpExchange exchange, OriginResponse response, bool isChunked, StreamedBodyFill? fill, SliceMeter meter, RequestLog log)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkedBody.MaxHeadBytes + BufferBytes + ChunkedBody.TailBytes);
        try
        {
            while (true)
            {
                var read = await response.ReadAsync(buffer.AsMemory(ChunkedBody.MaxHeadBytes, BufferBytes));
                if (read.Failure.IsError)
                {
                    if (!exchange.ConnectionClosed.IsCancellationRequested)
                    {
                        exchange.NoteEnding(ExchangeEnding.OriginFailed);
                        log.OriginFailed(exchange, read.Failure with { Origin = response.Origin });
                    }

                    return false;
                }

                if (read.Bytes == 0)
                {
                    if (fill is not null)
                    {
                        await fill.CompleteAsync();
                    }

                    return !isChunked || await exchange.Writer.WriteAsync(ChunkedBody.LastChunk) == WriteResult.Written;
                }

                meter.BytesFromOrigin.Add(read.Bytes);
                if (fill is not null)
                {
                    await fill.AppendAsync(buffer.AsMemory(ChunkedBody.MaxHeadBytes, read.Bytes));
                }

                var piece = isChunked ? ChunkedBody.Frame(buffer, read.Bytes) : buffer.AsMemory(ChunkedBody.MaxHeadBytes, read.Bytes);
                if (await exchange.Writer.WriteAsync(piece) != WriteResult.Written)
                {
                    return false;
                }

                exchange.BodyBytes += read.Bytes;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static RentedHead FormatHead(HttpExchange exchange, OriginResponse response, CacheStatus status, bool isChunked, bool isKept)
    {
        bool hidesContentRange = IsContentRangeMeaningless(exchange, response);
        var head = response is WireResponse wire
            ? BeginHead(exchange, wire, hidesContentRange)
            : BeginHead(exchange, response, hidesContentRange);

        if (isChunked)
        {
            head.WriteField("Transfer-Encoding"u8, "chunked"u8);
        }
        else if (response.ContentLength >= 0 && response.Status != 204)
        {
            // RFC 9110 §8.6: none in a 204, which origins send all the same.
            head.WriteField("Content-Length"u8, response.ContentLength);
        }

        head.WriteVia();
        var result = isKept ? CacheResult.Miss : CacheResult.Bypass;
        exchange.UseCache(result, status.Detail);
        exchange.Origin = response.Origin;
        head.WriteCache(status, timeToLiveSeconds: null, result);
        head.WriteConnection(exchange);
        return head.End();
    }

    private static ResponseHeadBuilder BeginHead(HttpExchange exchange, OriginResponse response, bool hidesContentRange)
    {
        int bytes = ResponseHeadBuilder.BytesOf(response.Fields) + ResponseHeadBuilder.ReferenceBytes(exchange);
        var head = new ResponseHeadBuilder(response.Status, response.ReasonPhrase, bytes);
        foreach (var field in response.Fields)
        {
            bool isHidden = hidesContentRange && field.Name.Equals("Content-Range", StringComparison.OrdinalIgnoreCase);
            if (!isHidden && StoredFields.IsForwarded(field.Name, response.Fields.AsSpan()))
            {
                head.WriteForwarded(exchange, field);
            }
        }

        return head;
    }

    // The same of a head whose lines are bytes.
    private static ResponseHeadBuilder BeginHead(HttpExchange exchange, WireResponse response, bool hidesContentRange)
    {
        var fields = response.Head.Fields;
        int bodyBytes = (int)Math.Clamp(response.ContentLength, 0, MaxBodyBesideHead);
        var head = new ResponseHeadBuilder(response.Head, bodyBytes + ResponseHeadBuilder.ReferenceBytes(exchange));
        for (int index = 0; index < fields.LineCount; index++)
        {
            bool isHidden = hidesContentRange && Ascii.EqualsIgnoreCase(fields.NameAt(index), "Content-Range"u8);
            if (!isHidden && StoredFields.IsForwarded(fields, index))
            {
                head.WriteForwarded(exchange, fields, index);
            }
        }

        return head;
    }

    // RFC 9110 §14.4: Content-Range says something in a 206 and a 416 only. On a 200 a careless client would believe it (B17). But where
    // the field says that the body is a part, to a client that asked for one, nothing else keeps the part from passing for the whole.
    private static bool IsContentRangeMeaningless(HttpExchange exchange, OriginResponse response) =>
        response.Status is not (206 or 416)
        && !(exchange.Head.Fields.Contains(KnownField.Range) && PartialResponseCheck.IsPart(response));
}
