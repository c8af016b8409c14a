using System.Text;
using Slice.Net.Exchange;

namespace Slice.Host.Status;

/// <summary>Answers of the status page, with the fields that keep browsers from using them for anything else.</summary>
internal static class StatusResponder
{
    /// <summary>A whole body.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="contentType">The type of the body.</param>
    /// <param name="policy">The value of Content-Security-Policy.</param>
    /// <param name="body">The body.</param>
    public static async ValueTask WriteAsync(HttpExchange exchange, string contentType, string policy, ReadOnlyMemory<byte> body)
    {
        using var head = Head(exchange, contentType, policy, body.Length);
        exchange.StartResponse(200);
        bool isWritten = await exchange.Writer.WriteAsync(head.Bytes) == WriteResult.Written
            && (exchange.IsHead || await exchange.Writer.WriteAsync(body) == WriteResult.Written);
        if (!isWritten)
        {
            exchange.Abort();
        }
    }

    /// <summary>JSON.</summary>
    public static ValueTask WriteJsonAsync(HttpExchange exchange, ReadOnlyMemory<byte> json) =>
        WriteAsync(exchange, "application/json", "default-src 'none'; frame-ancestors 'none'", json);

    /// <summary>The head of an answer.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="contentType">The type of the body.</param>
    /// <param name="policy">The value of Content-Security-Policy.</param>
    /// <param name="bodyBytes">The length of the body; null when the body ends with the connection.</param>
    public static RentedHead Head(HttpExchange exchange, string contentType, string policy, long? bodyBytes)
    {
        var head = new ResponseHeadBuilder(200);
        head.WriteField("Content-Type"u8, Encoding.ASCII.GetBytes(contentType));
        if (bodyBytes is { } length)
        {
            head.WriteField("Content-Length"u8, length);
        }

        head.WriteField("Cache-Control"u8, "no-store"u8);
        head.WriteField("Content-Security-Policy"u8, Encoding.ASCII.GetBytes(policy));
        head.WriteField("X-Content-Type-Options"u8, "nosniff"u8);
        head.WriteField("X-Frame-Options"u8, "DENY"u8);
        head.WriteField("Referrer-Policy"u8, "no-referrer"u8);
        head.WriteField("Cross-Origin-Resource-Policy"u8, "same-origin"u8);
        head.WriteConnection(exchange);
        return head.End();
    }
}
