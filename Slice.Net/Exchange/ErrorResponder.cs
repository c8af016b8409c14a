using System.Text;
using Slice.Core.Http;

namespace Slice.Net.Exchange;

/// <summary>Answers that we make ourselves: errors, health, purge results. Pure but for the write.</summary>
internal static class ErrorResponder
{
    private const int MaxHeadBytes = 512;

    /// <summary>A plain-text error. The reason never repeats what the client sent.</summary>
    public static ValueTask WriteErrorAsync(HttpExchange exchange, int status, string reason) =>
        WriteAsync(exchange, status, "text/plain; charset=utf-8", $"{status} {reason}\n");

    /// <summary>416 with the length that there is (B3); nothing else of the object.</summary>
    public static ValueTask WriteUnsatisfiableAsync(HttpExchange exchange, long completeLength) =>
        WriteAsync(exchange, 416, "text/plain; charset=utf-8", "416 the range starts past the end of the object\n", completeLength);

    /// <summary>504 for a client that wanted no request to the origin (RFC 9111 §5.2.1.7).</summary>
    public static ValueTask WriteNotCachedAsync(HttpExchange exchange) => WriteErrorAsync(exchange, 504, "only-if-cached: not all of it is stored");

    /// <summary>A response with a small body of ours, never stored by anybody.</summary>
    public static ValueTask WriteAsync(HttpExchange exchange, int status, string contentType, string body) =>
        WriteAsync(exchange, status, contentType, body, unsatisfiedLength: null);

    private static async ValueTask WriteAsync(HttpExchange exchange, int status, string contentType, string body, long? unsatisfiedLength)
    {
        int bodyBytes = Encoding.UTF8.GetByteCount(body);
        byte[] response = new byte[MaxHeadBytes + bodyBytes];
        var writer = new ResponseHeadWriter(response.AsSpan(0, MaxHeadBytes));
        writer.WriteStatusLine(status);
        writer.WriteField("Content-Type"u8, Encoding.ASCII.GetBytes(contentType));
        writer.WriteField("Content-Length"u8, bodyBytes);
        if (unsatisfiedLength is { } completeLength)
        {
            writer.WriteUnsatisfiedContentRange(completeLength);
        }

        writer.WriteField("Cache-Control"u8, "no-store"u8);
        if (status == 405)
        {
            writer.WriteField("Allow"u8, "GET, HEAD"u8);
        }

        if (status == 401)
        {
            // RFC 9110 §15.5.2: a 401 names at least one scheme that would do.
            writer.WriteField("WWW-Authenticate"u8, "Bearer"u8);
        }

        ConnectionFields.Write(ref writer, exchange);
        if (!writer.End())
        {
            throw new InvalidOperationException("The head of an error response does not fit its buffer.");
        }

        int length = writer.BytesWritten;
        if (!exchange.IsHead)
        {
            length += Encoding.UTF8.GetBytes(body, response.AsSpan(length));
        }

        exchange.BeginResponse(status);
        if (await exchange.Writer.WriteAsync(response.AsMemory(0, length)) != WriteResult.Written)
        {
            exchange.Abort();
        }
    }
}
