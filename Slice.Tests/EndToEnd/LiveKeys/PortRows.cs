using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.LiveKeys;

/// <summary>Keys of what the ports answer by themselves, and of the log.</summary>
internal static class PortRows
{
    /// <summary>The rows.</summary>
    public static IReadOnlyList<LiveKeyRow> All { get; } =
    [
        LiveKeyRow.OfAct("health_path", "/health", "/alive", AliveAsync, "the origin", "the proxy"),
        LiveKeyRow.OfAct("purge.enabled", "true", "false", bed => PurgeAsync(bed, "A: b"), "401", "405"),
        LiveKeyRow.OfAct("purge.auth_token", "first", "second", PurgeWithBothAsync, "404 401", "401 404"),
        LiveKeyRow.OfAct("purge.enable_metrics", "true", "false", PurgeMetricsAsync, "some", "none"),
        LiveKeyRow.OfAct("log_level", "info", "debug", LinesAboutBadRequestAsync, "0", "1"),
        LiveKeyRow.OfAct("trusted_proxies", "[]", "[127.0.0.1]", SchemeAtOriginAsync, "http", "https"),
        LiveKeyRow.OfAct("access_log.path", "{log}", "{log}.other", LogsAsync, "first", "second"),
        LiveKeyRow.OfAct("access_log.format", "'{target} first'", "'{target} second'", LogsAsync, "first", "second")
            with { With = [("access_log.path", "{log}")] },
        LiveKeyRow.OfAct("metrics_endpoint.host_names", "[]", "['*.example']", StatusPageAsync, "421", "200"),
    ];

    // By the name test.example, as every request of a RawClient.
    private static async Task<string> StatusPageAsync(LiveKeyBed bed) =>
        (await RawClient.GetAsync(bed.Proxy.AdminEndPoint, "/")).StatusCode.ToString(CultureInfo.InvariantCulture);

    private static async Task<string> SchemeAtOriginAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = exchange => exchange.RespondAsync("200 OK");
        await bed.SendAsync("DELETE", bed.NewTarget(), "X-Forwarded-Proto: https");
        return bed.Origin.Requests[^1].Field("X-Forwarded-Proto")!;
    }

    // The word behind the target, or in which of the two files the line stands.
    private static async Task<string> LogsAsync(LiveKeyBed bed)
    {
        string target = bed.NewTarget();
        await bed.GetAsync(target);
        string found = "";
        await Eventually.TrueAsync(
            () =>
            {
                string first = LineIn(bed.LogFile, target);
                string second = LineIn(bed.LogFile + ".other", target);
                found = second.Length > 0 || first.EndsWith(" second", StringComparison.Ordinal) ? "second" : "first";
                return first.Length + second.Length > 0;
            },
            $"a line of {target}");
        return found;
    }

    private static string LineIn(string path, string target) => File.Exists(path)
        ? File.ReadAllLines(path).FirstOrDefault(line => line.Contains(target, StringComparison.Ordinal)) ?? ""
        : "";

    private static async Task<string> AliveAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = exchange => exchange.RespondAsync("200 OK", "the origin");
        string answer = (await bed.GetAsync("/alive")).BodyText;
        return answer == "the origin" ? answer : "the proxy";
    }

    // Nothing is stored there: 404 is the answer to who may purge, 401 to who may not.
    private static async Task<string> PurgeAsync(LiveKeyBed bed, string field) =>
        (await bed.SendAsync("PURGE", bed.NewTarget(), field)).StatusCode.ToString(CultureInfo.InvariantCulture);

    private static async Task<string> PurgeWithBothAsync(LiveKeyBed bed) =>
        await PurgeAsync(bed, "X-Purge-Token: first") + " " + await PurgeAsync(bed, "X-Purge-Token: second");

    private static async Task<string> PurgeMetricsAsync(LiveKeyBed bed)
    {
        string metrics = (await RawClient.GetAsync(bed.Proxy.AdminEndPoint, "/metrics")).BodyText;
        return metrics.Contains("pingora_slice_purge_requests_total", StringComparison.Ordinal) ? "some" : "none";
    }

    // A client's fault is logged at debug, before the answer.
    private static async Task<string> LinesAboutBadRequestAsync(LiveKeyBed bed)
    {
        int before = bed.Proxy.Log.Count;
        using var client = await RawClient.ConnectAsync(bed.Proxy.EndPoint);
        await client.SendAsync("GET / HTTP/1.1\r\n\r\n");
        Assert.Equal(400, (await client.ReadResponseAsync()).StatusCode);
        int lines = bed.Proxy.Log.Skip(before).Count(line => line.StartsWith("Debug ", StringComparison.Ordinal));
        return lines.ToString(CultureInfo.InvariantCulture);
    }
}
