using System.Globalization;
using System.Text;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>
/// Clients that spell targets, hosts, ranges and conditions in ways that proxy and origin may read differently (B43, B52).
/// </summary>
internal static class HostileSpellings
{
    private static readonly string[] s_hosts =
        ["TEST.example", "test.example:80", "test.example.", "test.example:", "evil.example", "test.example:81", "TEST.EXAMPLE.:80"];

    private static readonly string[] s_ranges =
    [
        "bytes=5-2", "bytes=", "bytes=-", "bytes=-0", "bytes=999999999-", "bytes=0-0,1-1,2-2,70000-70001", "bytes=18446744073709551615-",
        "bytes=9223372036854775807-9223372036854775807", "lines=1-2", "bytes 0-1", "bytes=0-1,5-2", "bytes=-99999999", "bytes=0-,0-,0-,0-",
    ];

    private static readonly string[] s_conditions =
    [
        "If-None-Match: W/\"same\"", "If-None-Match: *", "If-None-Match: W/\"files-plain-0-v0\"", "If-Match: \"none\"",
        "If-Match: W/\"files-plain-0-v0\"", "If-Range: W/\"files-plain-0-v0\"", "If-Range: \"none\"",
        "If-Modified-Since: Thu, 01 Jan 2037 00:00:00 GMT", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT",
        "If-Range: Thu, 01 Jan 2037 00:00:00 GMT", "If-None-Match: \"a\", \"", "If-Modified-Since: never",
    ];

    /// <summary>The kinds.</summary>
    public static IReadOnlyList<HostileKind> Kinds { get; } =
    [
        new("dot segments and other spellings of a path", PathAsync),
        new("semicolons and escapes in a query", QueryAsync),
        new("spellings of the host", HostAsync),
        new("HEAD with range and conditions", HeadAsync),
        new("conditions of all kinds", ConditionAsync),
        new("ranges that mean nothing", RangeAsync),
        new("large random queries", LargeQueryAsync),
        new("directives", DirectiveAsync),
    ];

    private static Task PathAsync(HostileAct act)
    {
        string path = act.Path();
        string target = act.Random.Below(8) switch
        {
            0 => "/x/.." + path,
            1 => "/." + path,
            2 => "/%2e%2E/x/%2e%2e" + path,
            3 => path.Replace("/files", "/%66iles", StringComparison.Ordinal),
            4 => path.Insert(path.LastIndexOf('/'), "%2F"),
            5 => "/" + path,
            6 => path + "/../" + path[(path.LastIndexOf('/') + 1)..],
            _ => path + "/.",
        };
        return act.DisturbAsync(
            act.Random.OneIn(4) ? "HEAD" : "GET", target, act.Random.OneIn(2) ? "Cache-Control: no-cache" : "Accept: */*",
            act.Random.OneIn(4) ? "Cookie: session=evil" : "Accept-Charset: *");
    }

    private static Task QueryAsync(HostileAct act)
    {
        string id = act.Random.Below(3).ToString(CultureInfo.InvariantCulture);
        string query = act.Random.Below(8) switch
        {
            0 => $"id={id}&utm_source=x;id=evil",
            1 => $"utm_source=x;id=evil&id={id}",
            2 => $"id={id};utm_source=evil",
            3 => $"id={id}&utm%5Fsource=x;id=evil",
            4 => $"id={id}&%75tm_source=x&utm_a=;id=evil",
            5 => $"id={id}&id=evil&utm_source=x",
            6 => $"id={id}&utm_source=x%26id=evil",
            _ => $"id={id}&;id=evil&token=;id=evil",
        };
        return act.DisturbAsync("GET", $"/pages/query/{act.Random.Below(3)}?{query}");
    }

    private static async Task HostAsync(HostileAct act)
    {
        string freshness = act.Random.OneIn(2) ? "Cache-Control: no-cache\r\n" : "";
        string target = act.Path();
        target = act.Random.OneIn(4) ? "http://evil.example" + target : target;
        await act.DisturbRawAsync($"GET {target} HTTP/1.1\r\nHost: {act.Random.Pick(s_hosts)}\r\n{freshness}Connection: close\r\n\r\n");
    }

    private static Task HeadAsync(HostileAct act) => act.DisturbAsync(
        "HEAD",
        act.Path(),
        act.Random.OneIn(2) ? "Range: bytes=0-0" : act.Random.Pick(s_conditions),
        act.Random.Pick(s_conditions),
        act.Random.OneIn(2) ? "Cache-Control: no-cache" : "Accept: */*");

    private static Task ConditionAsync(HostileAct act) => act.DisturbAsync(
        "GET",
        act.Path(),
        act.Random.Pick(s_conditions),
        act.Random.OneIn(2) ? "Range: bytes=10-70000" : "Accept: */*",
        act.Random.OneIn(2) ? "Cache-Control: no-cache" : "Accept-Charset: *");

    private static Task RangeAsync(HostileAct act) => act.DisturbAsync(
        "GET",
        act.Random.OneIn(4) ? $"/files/once/{act.Run.NextOnce + 1}" : act.Path(),
        "Range: " + act.Random.Pick(s_ranges),
        act.Random.OneIn(2) ? "Cache-Control: no-cache" : "Accept: */*");

    private static Task LargeQueryAsync(HostileAct act) => HostileAct.AtOnceAsync(4, _ =>
    {
        var query = new StringBuilder();
        while (query.Length < 7_000)
        {
            query.Append(act.Random.NextBits().ToString("x", CultureInfo.InvariantCulture)).Append('=');
        }

        string path = act.Random.Pick(["/files/redirect/0", "/files/none", "/pages/none", "/pages/mixed/0"]);
        return act.DisturbAsync("GET", $"{path}?{query}");
    });

    private static Task DirectiveAsync(HostileAct act) => act.DisturbAsync(
        "GET",
        act.Path(),
        "Cache-Control: " + act.Random.Pick(
            [
                "only-if-cached", "max-stale", "max-stale=99999999, only-if-cached", "min-fresh=99999999", "max-age=0, max-stale",
                "no-transform", "no-cache=\"evil", "max-age=-1", "private, s-maxage=0",
            ]));
}
