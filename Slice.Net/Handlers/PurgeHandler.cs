using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Storage;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// PURGE of one URL: takes its stored response and all of its slices out of the cache at once. Who may: whoever shows the token. Without a
/// configured token: everybody on a port that is the operator's, and nobody elsewhere (B56). The client's address says nothing about that,
/// as a proxy on this machine makes every client local.
/// </summary>
/// <param name="index">What is stored.</param>
/// <param name="store">Its bytes.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">Counts what is purged, whatever the port.</param>
/// <param name="isOperatorsPort">Whether only the operator reaches the port: the metrics port.</param>
internal sealed class PurgeHandler(ObjectIndex index, SliceStore store, TimeProvider time, SliceMeter meter, bool isOperatorsPort)
    : IRequestHandler
{
    // How long the answer waits for a disk that does not take the news. Arbitrary; it takes milliseconds.
    private static readonly TimeSpan s_flushTimeout = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public async ValueTask HandleAsync(HttpExchange exchange)
    {
        long startedAt = time.GetTimestamp();
        var (status, result, count, message) = Purge(exchange);

        // Also when nothing was there: what has just been evicted, or found changed, lies in the index on disk until the news is written.
        if (status is 200 or 404 && store.IsPersistent && !await TryFlushAsync())
        {
            (status, result, message) = (500, "unconfirmed",
                "purged from this process, but the disk did not confirm it: after a crash it may be there again; repeat the PURGE");
        }

        meter.PurgeRequests.Add(1);
        meter.PurgeResults.Add(result);
        meter.PurgedItems.Add(Math.Max(0, count));
        meter.PurgeDuration.Record(time.GetElapsedTime(startedAt));
        await ErrorResponder.WriteAsync(
            exchange, status, "application/json", FormatJson(exchange, status == 200, Math.Max(0, count), message));
    }

    // What was purged must not come back, even when the process is killed as soon as it has said so.
    private async ValueTask<bool> TryFlushAsync()
    {
        try
        {
            return await store.FlushAsync().AsTask().WaitAsync(s_flushTimeout, time);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private (int Status, string Result, int Count, string Message) Purge(HttpExchange exchange)
    {
        var fields = exchange.Head.Fields;
        if (!exchange.Settings.Options.Purge.Enabled)
        {
            return (405, "disabled", 0, "PURGE is disabled (purge.enabled)");
        }

        if (!IsAllowed(exchange))
        {
            meter.PurgeAuthFailures.Add(1);
            return (401, "unauthorized", 0, exchange.Settings.PurgeToken is null
                ? "no purge.auth_token is configured: ask on the metrics port (metrics_endpoint.address), or configure one and show it"
                : "a valid token is required: Authorization: Bearer TOKEN, or X-Purge-Token: TOKEN");
        }

        if (fields.Contains(KnownField.XPurgePattern) || fields.Contains(KnownField.XPurgeAll))
        {
            return (501, "unsupported", 0, "this version purges one URL at a time");
        }

        int slices = index.Remove(exchange.Key);
        return slices < 0
            ? (404, "not_found", 0, "nothing is stored under this URL")
            : (200, "purged", slices, slices == 1
                ? "purged, with 1 slice"
                : string.Create(CultureInfo.InvariantCulture, $"purged, with {slices} slices"));
    }

    private bool IsAllowed(HttpExchange exchange)
    {
        if (exchange.Settings.PurgeToken is not { Span: var token })
        {
            return isOperatorsPort;
        }

        var fields = exchange.Head.Fields;
        return Shows(fields, KnownField.XPurgeToken, ""u8, token) || Shows(fields, KnownField.Authorization, "Bearer "u8, token);
    }

    private static bool Shows(FieldTable fields, KnownField field, ReadOnlySpan<byte> scheme, ReadOnlySpan<byte> token)
    {
        // The scheme is compared without regard to case (RFC 9110 §11.1), the token in constant time.
        return fields.Count(field) == 1
            && fields.TryGet(field, out var value)
            && value.Length >= scheme.Length
            && Ascii.EqualsIgnoreCase(value[..scheme.Length], scheme)
            && CryptographicOperations.FixedTimeEquals(value[scheme.Length..], token);
    }

    private static string FormatJson(HttpExchange exchange, bool success, int count, string message)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("success"u8, success);
            writer.WriteNumber("purged_count"u8, count);
            writer.WriteString("url"u8, Encoding.Latin1.GetString(exchange.Head.Target.PathAndQuery));
            writer.WriteString("message"u8, message);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(json.WrittenSpan) + "\n";
    }
}
