using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.SharedCache;
using Slice.Core.Storage;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// PURGE: takes what is stored out of the cache at once, or makes it stale: one URL, all under a prefix, all with a tag, everything. Who
/// may: whoever shows the token. Without a configured token: everybody on a port that is the operator's, and nobody elsewhere (B56). The
/// client's address says nothing about that, as a proxy on this machine makes every client local.
/// </summary>
/// <param name="index">What is stored.</param>
/// <param name="store">Its bytes.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">Counts what is purged, whatever the port.</param>
/// <param name="log">Is told of every answer.</param>
/// <param name="state">Knows whether the cache is another process's to purge.</param>
/// <param name="isOperatorsPort">Whether only the operator reaches the port: the metrics port.</param>
internal sealed class PurgeHandler(
    ObjectIndex index, SliceStore store, TimeProvider time, SliceMeter meter, PurgeLog log, InstanceState state, bool isOperatorsPort)
    : IRequestHandler
{
    // In the words for people; all of them are in "missing". Arbitrary.
    private const int MostNames = 8;

    // How long the answer waits for a disk that does not take the news, or for the objects to be counted. Arbitrary; the one takes
    // milliseconds, the other a second for some 600,000 objects (docs/decisions/0010-purges-are-numbers.md).
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(2);

    /// <summary>The other instances, which hear of each purge; null where no cache is shared. Set once, before use.</summary>
    public TierFleet? Fleet { get; init; }

    /// <inheritdoc/>
    public ValueTask HandleAsync(HttpExchange exchange) => AnswerAsync(exchange, PurgeRequest.Read(exchange));

    /// <summary>Purges what is stored under a key, whatever the request's own target; it takes the same right.</summary>
    public ValueTask HandleAsync(HttpExchange exchange, CacheKey key) => AnswerAsync(exchange, new PurgeRequest { Key = key });

    private async ValueTask AnswerAsync(HttpExchange exchange, PurgeRequest request)
    {
        long startedAt = time.GetTimestamp();
        var answer = Refuse(exchange, request) ?? await PurgeAsync(exchange, request);
        meter.PurgeRequests.Add(1);
        meter.PurgeResults.Add(answer.Result);
        meter.PurgedItems.Add(answer.Slices);
        meter.PurgeDuration.Record(time.GetElapsedTime(startedAt));
        log.Answered(exchange, request, answer);
        await ErrorResponder.WriteAsync(exchange, answer.Status, "application/json", FormatJson(request.TargetOf(exchange), answer));
    }

    private PurgeAnswer? Refuse(HttpExchange exchange, PurgeRequest request)
    {
        if (!exchange.Settings.Options.Purge.Enabled)
        {
            return new(405, "disabled", 0, "PURGE is disabled (purge.enabled)");
        }

        if (!IsAllowed(exchange))
        {
            meter.PurgeAuthFailures.Add(1);
            return new(401, "unauthorized", 0, exchange.Settings switch
            {
                { PurgeToken: not null } => "a valid token is required: Authorization: Bearer TOKEN, or X-Purge-Token: TOKEN",
                { Options.MetricsEndpoint.Enabled: false } =>
                    "no purge.auth_token is configured and metrics_endpoint.enabled is off, so nobody may: configure a token and show it",
                _ => "no purge.auth_token is configured: ask on the metrics port (metrics_endpoint.address), or configure one and show it",
            });
        }

        if (request.Problem is { } problem)
        {
            return new(400, "invalid", 0, problem);
        }

        return state.IsHandedOver
            ? new(503, "handed_over", 0, "another process serves this port by now: repeat the PURGE on a new connection")
            : null;
    }

    private async ValueTask<PurgeAnswer> PurgeAsync(HttpExchange exchange, PurgeRequest request)
    {
        var purge = request.Scope is null ? null : request.ToPurge(exchange);
        byte[] key = request.KeyOf(exchange).ToArray();

        // What the shared tier has must not come back before the purge has its number there.
        using var hidden = purge is null ? null : Fleet?.Hide(purge);
        var answer = await PurgeHereAsync(exchange, request, purge);
        return Fleet is { } fleet && answer.Status is 200 or 404 or 500
            ? Combine(answer, await (purge is null
                ? fleet.PurgeAsync(key, request.IsSoft, CancellationToken.None)
                : fleet.PurgeAsync(purge, hidden!, CancellationToken.None)))
            : answer;
    }

    // What is not here may have been with the others.
    private static PurgeAnswer Combine(PurgeAnswer here, FleetReach reach)
    {
        bool isUnknown = here.Status == 404 && reach.Instances != 1;
        string message = (isUnknown ? "nothing was stored at this instance" : here.Message) + here.Hint;
        var all = here with { Reach = reach, Hint = "" };
        if (reach.Refusal is { } refusal)
        {
            return all with
            {
                Status = 500,
                Result = "unconfirmed",
                Message = $"{message}; the shared cache does not take the news ({refusal}), so the other instances hear of the PURGE "
                    + "when it does",
            };
        }

        string answered = string.Create(
            CultureInfo.InvariantCulture, $"{message}; {reach.Answered} of {reach.Instances} instances have answered{ButNot(reach)}");
        return here.Status == 500 ? all with { Message = answered }
            : !reach.IsComplete ? all with { Status = 500, Result = "unconfirmed", Message = answered + "; repeat the PURGE" }
            : isUnknown ? all with { Status = 200, Result = "purged", Message = answered }
            : all with { Message = answered };
    }

    private static string ButNot(FleetReach reach) => reach.IsComplete ? ""
        : ", but not " + string.Join(", ", reach.Missing.Take(MostNames)) + (reach.Missing.Count > MostNames ? " and others" : "");

    private async ValueTask<PurgeAnswer> PurgeHereAsync(HttpExchange exchange, PurgeRequest request, Purge? purge)
    {
        var answer = purge is null ? PurgeOne(exchange, request) : await PurgeManyAsync(purge);

        if (answer.Status == 404 && store.AwaitsDirectory)
        {
            // What the directory has that another process holds, or the machine does not give, shows when it can be had.
            return new(200, "purged", 0, "nothing is in memory; the cache directory is held against the purge when it can be used");
        }

        // Also when nothing was there: what has just been evicted, or found changed, lies in the index on disk until the news is written.
        return answer.Status is 200 or 404 && store.IsPersistent && !await TryFlushAsync()
            ? answer with
            {
                Status = 500,
                Result = "unconfirmed",
                Message =
                    "purged from this process, but the disk did not confirm it: after a crash it may be there again; repeat the PURGE",
            }
            : answer;
    }

    private PurgeAnswer PurgeOne(HttpExchange exchange, PurgeRequest request)
    {
        var key = request.KeyOf(exchange);
        int slices = request.IsSoft ? index.Expire(key, exchange.Now) : index.Remove(key);
        return slices < 0
            ? new(404, "not_found", 0, "nothing is stored under this URL") { Hint = HintOf(exchange, request) }
            : new(200, "purged", slices, $"{Done(request.IsSoft)}, with {Count(slices, "slice")}");
    }

    // Elsewhere an asterisk purges all that fits. Here it is a character of a URL like any other, which an object may have: no 400.
    private static string HintOf(HttpExchange exchange, PurgeRequest request) =>
        request.Key is not null || !exchange.NormalizedTarget.Contains((byte)'*')
            ? ""
            : "; an asterisk is a character like any other: all under a prefix takes X-Purge-Pattern: prefix (purge --prefix), "
                + "everything takes PURGE /* with X-Purge-All: true (purge --all)";

    private async ValueTask<PurgeAnswer> PurgeManyAsync(Purge purge)
    {
        while (!index.Purges.TryAdd(purge))
        {
            if (index.Purges.Oldest is { } oldest && !await TryWaitAsync(oldest.Swept))
            {
                return new(503, "busy", 0, "too many purges are under way, and this one is not: repeat the PURGE");
            }
        }

        // It is in force. What it was for shows while the objects are looked through, behind the requests.
        bool isCounted = await TryWaitAsync(purge.Swept);
        var (objects, slices) = (purge.Objects, purge.Slices);
        if (isCounted && objects == 0)
        {
            return new(404, "not_found", 0, purge.Scope switch
            {
                PurgeScope.Prefix => "nothing is stored under this prefix",
                PurgeScope.Tags => "nothing that is stored has such a tag",
                _ => "nothing is stored",
            });
        }

        string rest = isCounted ? "" : " so far; the rest is out of use as well, and is being counted";
        return new(200, "purged", slices, $"{Done(purge.IsSoft)}: {Count(objects, "object")}, with {Count(slices, "slice")}{rest}");
    }

    private static string Done(bool isSoft) => isSoft ? "stale from now on" : "purged";

    private static string Count(long number, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {noun}{(number == 1 ? "" : "s")}");

    private async ValueTask<bool> TryWaitAsync(Task done)
    {
        try
        {
            await done.WaitAsync(s_longestWait, time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    // What was purged must not come back, even when the process is killed as soon as it has said so.
    private async ValueTask<bool> TryFlushAsync()
    {
        var flush = store.FlushAsync().AsTask();
        return await TryWaitAsync(flush) && await flush;
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

    private static string FormatJson(string target, PurgeAnswer answer)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("success"u8, answer.Status == 200);
            writer.WriteNumber("purged_count"u8, answer.Slices);
            WriteReach(writer, answer.Reach);
            writer.WriteString("url"u8, target);
            writer.WriteString("message"u8, answer.Message + answer.Hint);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(json.WrittenSpan) + "\n";
    }

    private static void WriteReach(Utf8JsonWriter writer, FleetReach? reach)
    {
        if (reach is not { Refusal: null })
        {
            return;
        }

        writer.WriteNumber("instances"u8, reach.Instances);
        writer.WriteNumber("answered"u8, reach.Answered);
        if (!reach.IsComplete)
        {
            writer.WriteStartArray("missing"u8);
            foreach (string name in reach.Missing)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
        }
    }
}
