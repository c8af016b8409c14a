using System.Text;

namespace Slice.Net.Exchange;

/// <summary>Answers that we make ourselves: errors, health, purge results. Pure but for the write.</summary>
internal static class ErrorResponder
{
    // What a client does that is told 503: come back when a turn may be free. Arbitrary; as long as the gate lets others wait.
    private const int RetryAfterSeconds = 5;

    /// <summary>A plain-text error. The reason never repeats what the client sent.</summary>
    public static ValueTask WriteErrorAsync(HttpExchange exchange, int status, string reason) =>
        WriteAsync(exchange, status, "text/plain; charset=utf-8", $"{status} {reason}\n");

    /// <summary>416 with the length that there is (B3); nothing else of the object.</summary>
    public static ValueTask WriteUnsatisfiableAsync(HttpExchange exchange, long completeLength) => WriteAsync(
        exchange, 416, "text/plain; charset=utf-8", "416 the range starts past the end of the object\n", unsatisfiedLength: completeLength);

    /// <summary>504 for a client that wanted no request to the origin (RFC 9111 §5.2.1.7).</summary>
    public static ValueTask WriteNotCachedAsync(HttpExchange exchange) =>
        WriteErrorAsync(exchange, 504, "only-if-cached: not all of it is stored");

    /// <summary>429 for a client that has had its share (RFC 6585 §4).</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="reason">Which share.</param>
    /// <param name="wait">When to come again.</param>
    public static ValueTask WriteTooManyAsync(HttpExchange exchange, string reason, TimeSpan wait) => WriteAsync(
        exchange, 429, "text/plain; charset=utf-8", $"429 {reason}\n",
        retryAfterSeconds: (int)Math.Clamp(Math.Ceiling(wait.TotalSeconds), 1, int.MaxValue));

    /// <summary>
    /// Which methods there are (RFC 9110 §9.3.7, §10.2.1): 200 without a body for an OPTIONS that ends here, 405 for a method that does
    /// not. The origin may allow fewer on a resource.
    /// </summary>
    public static ValueTask WriteMethodsAsync(HttpExchange exchange, int status) => WriteAsync(
        exchange, status, "text/plain; charset=utf-8", status == 405 ? "405 not answered here\n" : "",
        allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

    /// <summary>The status with which the origin asks to be left alone for a while, and for how long (RFC 9110 §10.2.3).</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="status">The origin's status.</param>
    /// <param name="reason">What happened.</param>
    /// <param name="wait">When to come again.</param>
    public static ValueTask WriteBusyAsync(HttpExchange exchange, int status, string reason, TimeSpan wait) => WriteAsync(
        exchange, status, "text/plain; charset=utf-8", $"{status} {reason}\n",
        retryAfterSeconds: (int)Math.Clamp(Math.Ceiling(wait.TotalSeconds), 0, int.MaxValue));

    /// <summary>A response with a small body of ours, never stored by anybody.</summary>
    public static ValueTask WriteAsync(HttpExchange exchange, int status, string contentType, string body) =>
        WriteAsync(
            exchange, status, contentType, body,
            retryAfterSeconds: status == 503 ? RetryAfterSeconds : null,
            allow: status == 405 ? "GET, HEAD" : null);

    private static async ValueTask WriteAsync(
        HttpExchange exchange, int status, string contentType, string body, long? unsatisfiedLength = null, int? retryAfterSeconds = null,
        string? allow = null)
    {
        int bodyBytes = Encoding.UTF8.GetByteCount(body);
        using var response = Format(exchange, status, contentType, body, bodyBytes, unsatisfiedLength, retryAfterSeconds, allow);
        exchange.StartResponse(status);
        if (await exchange.Writer.WriteAsync(response.Bytes) != WriteResult.Written)
        {
            exchange.Abort();
        }
    }

    private static RentedHead Format(
        HttpExchange exchange, int status, string contentType, string body, int bodyBytes, long? unsatisfiedLength,
        int? retryAfterSeconds, string? allow)
    {
        var head = new ResponseHeadBuilder(status, bodyBytes);
        head.WriteField("Content-Type"u8, Encoding.ASCII.GetBytes(contentType));
        head.WriteField("Content-Length"u8, bodyBytes);
        if (unsatisfiedLength is { } completeLength)
        {
            head.WriteUnsatisfiedContentRange(completeLength);
        }

        head.WriteField("Cache-Control"u8, "no-store"u8);
        if (allow is not null)
        {
            head.WriteField("Allow"u8, Encoding.ASCII.GetBytes(allow));
        }

        if (retryAfterSeconds is { } seconds)
        {
            head.WriteField("Retry-After"u8, seconds);
        }

        if (status == 401)
        {
            // RFC 9110 §15.5.2: a 401 names at least one scheme that would do.
            head.WriteField("WWW-Authenticate"u8, "Bearer"u8);
        }

        head.WriteConnection(exchange);
        return exchange.IsHead ? head.End() : head.End(body);
    }
}
