using Slice.Core.Http;

namespace Slice.Net.Exchange;

/// <summary>The Connection field of a response (RFC 9112 §9.3, §9.6).</summary>
internal static class ConnectionFields
{
    /// <summary>Says that the connection closes; or to an HTTP/1.0 client, that it stays.</summary>
    public static void Write(ref ResponseHeadWriter writer, HttpExchange exchange)
    {
        // A body that nobody reads stands where the next request would be: the connection ends with this response.
        if (!exchange.KeepAlive || !exchange.Body.IsConsumed)
        {
            writer.WriteField("Connection"u8, "close"u8);
        }
        else if (exchange.Head.MinorVersion == 0)
        {
            writer.WriteField("Connection"u8, "keep-alive"u8);
        }
    }
}
