namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>Clients that want into others' answers, or to have them refused, by what they say in fields (B50, B51).</summary>
internal static class HostileFields
{
    private static readonly string[] s_unkeyed =
    [
        "X-Forwarded-Host: evil.example", "X_Forwarded_Host: evil.example", "X.Forwarded.Host: evil.example", "X-Original-URL: /evil",
        "X-Rewrite-URL: /evil", "X-Host: evil.example", "Forwarded-Host: evil.example", "Proxy: http://evil.example",
        "X-Requested-With: evil", "Forwarded: host=evil.example", "X-Api-Key: evil",
    ];

    private static readonly string[] s_credentials =
        ["Cookie: session=evil", "Cookie: a=b; session=evilest", "Authorization: Bearer evil", "Authorization: Basic ZXZpbDpldmls"];

    private static readonly string[] s_freshness =
        ["Cache-Control: no-cache", "Cache-Control: max-age=0", "Pragma: no-cache", "Cache-Control: no-store", "Accept: */*"];

    /// <summary>The kinds.</summary>
    public static IReadOnlyList<HostileKind> Kinds { get; } =
    [
        new("credentials on shared paths", CredentialsAsync),
        new("fields that no key has", UnkeyedAsync),
        new("leaders that are refused", RefusedLeadersAsync),
        new("refused on what is stored", RefusedOnStoredAsync),
        new("leaders with no-store and Cookie", PrivateLeadersAsync),
        new("no-store storms", StormAsync),
        new("expired tokens", TokenAsync),
        new("heads too large for the origin", LargeHeadAsync),
        new("languages by the dozen", LanguagesAsync),
    ];

    private static Task CredentialsAsync(HostileAct act) => act.DisturbAsync(
        act.Random.OneIn(3) ? "HEAD" : "GET",
        act.Random.OneIn(3) ? $"/files/private/{act.Random.Below(4)}" : act.Path(),
        act.Random.Pick(s_credentials),
        act.Random.Pick(s_freshness));

    private static Task UnkeyedAsync(HostileAct act) => act.DisturbAsync(
        act.Random.OneIn(3) ? "HEAD" : "GET",
        act.Random.OneIn(3) ? $"/pages/query/{act.Random.Below(3)}?id={act.Random.Below(3)}" : act.Path(),
        act.Random.Pick(s_unkeyed),
        act.Random.Pick(s_freshness));

    // The next files that somebody asks for, before or with that somebody.
    private static Task RefusedLeadersAsync(HostileAct act)
    {
        int next = act.Run.NextOnce;
        return HostileAct.AtOnceAsync(3, index => act.DisturbAsync(
            "GET", $"/files/once/{next + 1 + index}", act.Random.OneIn(2) ? "User-Agent: bad" : "User-Agent: wolf"));
    }

    private static Task RefusedOnStoredAsync(HostileAct act) => act.DisturbAsync(
        "GET",
        act.Path(),
        act.Random.Pick(["User-Agent: bad", "User-Agent: wolf", "Referer: http://evil.example/"]),
        act.Random.Pick(s_freshness),
        act.Random.OneIn(2) ? $"Range: bytes={act.Random.Below(30_000)}-" : "Accept: */*");

    private static Task PrivateLeadersAsync(HostileAct act)
    {
        string target = act.Random.OneIn(2) ? act.Path() : $"/files/once/{act.Run.NextOnce + 1}";
        return HostileAct.AtOnceAsync(3, index => act.DisturbAsync(
            "GET", target, index == 0 ? "Cache-Control: no-store" : act.Random.Pick(s_credentials)));
    }

    private static Task StormAsync(HostileAct act)
    {
        string target = act.Path();
        return HostileAct.AtOnceAsync(8, _ => act.DisturbAsync("GET", target, "Cache-Control: no-store, no-cache", "Pragma: no-cache"));
    }

    private static Task TokenAsync(HostileAct act) => act.DisturbAsync(
        act.Random.OneIn(3) ? "HEAD" : "GET",
        $"/files/token/{act.Random.Below(3)}?token={act.Random.Pick(["evil-ok", "expired", "", "user1-expired"])}");

    private static Task LargeHeadAsync(HostileAct act) => act.DisturbAsync(
        act.Random.OneIn(2) ? "HEAD" : "GET",
        act.Path(),
        (act.Random.OneIn(2) ? "Accept: text/" : "X-Junk: ") + new string('a', 9_000),
        act.Random.Pick(s_freshness));

    private static Task LanguagesAsync(HostileAct act) => HostileAct.AtOnceAsync(6, _ => act.DisturbAsync(
        "GET", $"/files/vary/{act.Random.Below(3)}", $"Accept-Language: x-{act.Random.Below(1_000_000)}", "Range: bytes=0-9"));
}
