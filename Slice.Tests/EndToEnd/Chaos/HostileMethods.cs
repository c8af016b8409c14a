using System.Diagnostics;
using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>Clients that want others' files gone or replaced (B52, B56).</summary>
internal static class HostileMethods
{
    private static readonly string[] s_unsafe =
        ["POST", "PUT", "PATCH", "DELETE", "MKCOL", "PROPPATCH", "LOCK", "OPTIONS", "TRACE", "BREW"];

    private static readonly string[] s_purges =
    [
        "X-Purge-All: true", "X-Purge-Token: evil", "Authorization: Bearer evil", "X-Purge-Pattern: prefix", "X-Forwarded-For: 127.0.0.1",
    ];

    private static readonly string[] s_targets =
        ["/files/plain/0", "/files/plain/1", "/files/changing/1", "/pages/mixed/0", "/files/elsewhere"];

    /// <summary>The kinds.</summary>
    public static IReadOnlyList<HostileKind> Kinds { get; } =
    [
        new("PURGE without a token", PurgeAsync),
        new("MOVE, COPY and POST that succeed", ReplaceAsync),
        new("unsafe methods that fail", UnsafeAsync),
        new("bodies where there are none", BodyAsync),
    ];

    private static Task PurgeAsync(HostileAct act) => act.DisturbAsync(
        "PURGE",
        act.Random.OneIn(4) ? "/*" : $"/files/plain/{act.Random.Below(ChaosCatalogue.PerKind)}",
        act.Random.Pick(s_purges));

    // The origin does as it is told. The second time it still answers somebody with what was there before (B52); whoever asks afterwards
    // gets what is there now.
    private static async Task ReplaceAsync(HostileAct act)
    {
        string path = $"/files/moved/{act.Random.Below(ChaosCatalogue.PerKind)}";
        var file = act.Run.Origin.Catalogue.Find(path)!;
        await ReplaceAsync(act, file);

        string agent = string.Create(CultureInfo.InvariantCulture, $"late{act.Random.NextBits()}");
        var late = act.AskAsync("GET", path, "User-Agent: " + agent, act.Random.OneIn(2) ? "Cache-Control: no-cache" : "Accept: */*");
        await Eventually.TrueAsync(() => late.IsCompleted || act.Run.Origin.HasLate(agent), "the old version is asked for");
        await ReplaceAsync(act, file);
        await late;

        int least = file.Acknowledged;
        var now = await act.AskAsync("GET", path);
        if (!file.Between(0, Stopwatch.GetTimestamp(), least).Any(version => version.ETag == now.Field("ETag")))
        {
            act.Run.Report($"what was replaced comes back: version {least} was there before {path} was asked for\n{now}");
        }
    }

    private static async Task ReplaceAsync(HostileAct act, ChaosObject file)
    {
        var response = act.Random.Below(3) switch
        {
            0 => await act.AskAsync("MOVE", "/files/elsewhere", "Destination: " + file.Path),
            1 => await act.AskAsync("COPY", "/files/elsewhere", "Destination: " + file.Path, "Overwrite: T"),
            _ => await act.AskAsync("POST", file.Path, "Content-Length: 0"),
        };
        if (response.Field("X-Version") is { } version)
        {
            file.Acknowledge(int.Parse(version, CultureInfo.InvariantCulture));
        }
        else
        {
            act.Run.Report($"a method that the origin obeys was answered\n{response}");
        }
    }

    private static Task UnsafeAsync(HostileAct act) =>
        act.DisturbAsync(act.Random.Pick(s_unsafe), act.Random.Pick(s_targets), "Content-Length: 0");

    private static Task BodyAsync(HostileAct act)
    {
        string method = act.Random.Pick(["GET", "HEAD"]);
        return act.DisturbRawAsync(
            $"{method} {act.Path()} HTTP/1.1\r\nHost: test.example\r\nContent-Length: 4\r\nConnection: close\r\n\r\nevil");
    }
}
