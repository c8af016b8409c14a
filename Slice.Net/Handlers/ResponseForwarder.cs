using System.Buffers;
using System.Globalization;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// Sends an origin's response on as it is, at the client's pace: end-to-end fields, our Via, and a framing the client understands.
/// A body that breaks off ends in an aborted connection, never in something that looks whole.
/// </summary>
internal static class ResponseForwarder
{
    private const int BufferBytes = 64 << 10;

    // "FFFFFFFF\r\n" before the data of a chunk, CRLF behind it.
    private const int ChunkHeadBytes = 10;
    private const int ChunkTailBytes = 2;

    private static readonly byte[] s_lastChunk = "0\r\n\r\n"u8.ToArray();

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

        bool isWhole = await TryWriteHeadAsync(exchange, response, status, isChunked, fill is not null)
            && (!hasBody || await TryForwardBodyAsync(exchange, response, isChunked, fill, meter, log));
        if (!isWhole)
        {
            exchange.Abort();
        }
    }

    private static async ValueTask<bool> TryWriteHeadAsync(
        HttpExchange exchange, OriginResponse response, CacheStatus status, bool isChunked, bool isKept)
    {
        using var head = FormatHead(exchange, response, status, isChunked, isKept);
        exchange.StartResponse(response.Status);
        return await exchange.Writer.WriteAsync(head.Bytes) == WriteResult.Written;
    }

    private static async ValueTask<bool> TryForwardBodyAsync(
        HttpExchange exchange, OriginResponse response, bool isChunked, StreamedBodyFill? fill, SliceMeter meter, RequestLog log)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkHeadBytes + BufferBytes + ChunkTailBytes);
        try
        {
            while (true)
            {
                var read = await response.ReadAsync(buffer.AsMemory(ChunkHeadBytes, BufferBytes));
                if (read.Failure.IsError)
                {
                    if (!exchange.ConnectionClosed.IsCancellationRequested)
                    {
                        exchange.NoteEnding(ExchangeEnding.OriginFailed);
                        log.OriginFailed(exchange, read.Failure);
                    }

                    return false;
                }

                if (read.Bytes == 0)
                {
                    if (fill is not null)
                    {
                        await fill.CompleteAsync();
                    }

                    return !isChunked || await exchange.Writer.WriteAsync(s_lastChunk) == WriteResult.Written;
                }

                meter.BytesFromOrigin.Add(read.Bytes);
                if (fill is not null)
                {
                    await fill.AppendAsync(buffer.AsMemory(ChunkHeadBytes, read.Bytes));
                }

                var piece = isChunked ? FrameChunk(buffer, read.Bytes) : buffer.AsMemory(ChunkHeadBytes, read.Bytes);
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

    // Writes size and line ends around the data where it stands, so that a chunk is one write.
    private static Memory<byte> FrameChunk(byte[] buffer, int dataBytes)
    {
        Span<byte> size = stackalloc byte[8];
        dataBytes.TryFormat(size, out int digits, "X", CultureInfo.InvariantCulture);
        int start = ChunkHeadBytes - 2 - digits;
        size[..digits].CopyTo(buffer.AsSpan(start));
        "\r\n"u8.CopyTo(buffer.AsSpan(ChunkHeadBytes - 2));
        "\r\n"u8.CopyTo(buffer.AsSpan(ChunkHeadBytes + dataBytes));
        return buffer.AsMemory(start, digits + 2 + dataBytes + ChunkTailBytes);
    }

    private static RentedHead FormatHead(HttpExchange exchange, OriginResponse response, CacheStatus status, bool isChunked, bool isKept)
    {
        var head = new ResponseHeadBuilder(response.Status, response.ReasonPhrase, ResponseHeadBuilder.BytesOf(response.Fields));
        foreach (var field in response.Fields)
        {
            if (StoredFields.IsForwarded(field.Name, response.Fields) && !IsMeaningless(field.Name, response, exchange))
            {
                head.WriteForwarded(field);
            }
        }

        if (isChunked)
        {
            head.WriteField("Transfer-Encoding"u8, "chunked"u8);
        }
        else if (response.ContentLength >= 0)
        {
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

    // RFC 9110 §14.4: Content-Range says something in a 206 and a 416 only. On a 200 a careless client would believe it (B17). But where
    // the field says that the body is a part, to a client that asked for one, nothing else keeps the part from passing for the whole.
    private static bool IsMeaningless(string name, OriginResponse response, HttpExchange exchange) =>
        response.Status is not (206 or 416)
        && name.Equals("Content-Range", StringComparison.OrdinalIgnoreCase)
        && !(exchange.Head.Fields.Contains(KnownField.Range) && PartialResponseCheck.IsPart(response));
}
