using System.Globalization;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>Makes the requests of good clients: of all kinds, from a seed. Used by one client at a time.</summary>
internal sealed class GoodRequests(ChaosCatalogue catalogue, FuzzRandom random, Func<int> nextOnce)
{
    private static readonly string[] s_kinds = ["plain", "changing", "validated", "moved", "cutting", "weak"];

    /// <summary>The next one.</summary>
    public GoodRequest Next() => random.Below(20) switch
    {
        < 8 => OfFile(catalogue.Find($"/files/{random.Pick(s_kinds)}/{Number()}")!),
        < 10 => OfFile(catalogue.Find($"/files/plain/{Number()}")!),
        10 => OfSingle($"/files/once/{nextOnce()}", catalogue.Once),
        11 => OfLanguage(),
        12 => OfPrivate(random.OneIn(2) ? null : User()),
        13 => OfToken(),
        14 => Redirected(),
        15 or 16 => OfPage(),
        17 => OfQuery(),
        18 => OfStream("chunked", mayBreak: false),
        _ => OfStream("broken", mayBreak: true),
    };

    /// <summary>One whole file that is asked for once.</summary>
    public GoodRequest Whole(string path)
    {
        var wish = new FileWish("GET", Range: null, Tag: null);
        return wish.Request(path, (response, _, _) => FileCheck.Check(response, wish, [catalogue.Once(path)], changes: 0));
    }

    private int Number() => random.Below(ChaosCatalogue.PerKind);

    private string User() => $"user{random.Below(ChaosCatalogue.Users)}";

    private GoodRequest OfFile(ChaosObject file)
    {
        string? user = random.OneIn(4) ? User() : null;
        var wish = WishFor(file.Current, file.Earlier(random.Below(3)));
        int least = file.Acknowledged;
        return wish.Request(file.Path, (response, from, to) =>
        {
            var versions = file.Between(from - FileCheck.Latest(file.Path), to, least);
            int changes = file.ChangesBetween(from - FileCheck.Noticed, to);
            return FileCheck.Check(response, wish, versions, changes);
        }) with
        {
            // What a user's cookie does to a file for everybody: nothing.
            Fields = [.. wish.Fields, .. user is null ? Array.Empty<string>() : [$"Cookie: session={user}"]],
            User = user,
            IsForEver = wish.Method == "GET" && file.Path.StartsWith("/files/plain/", StringComparison.Ordinal),
            Version = wish.Version,
        };
    }

    private GoodRequest OfSingle(string path, Func<string, RangeFile> find)
    {
        var wish = WishFor(find(path), find(path));
        return wish.Request(path, (response, _, _) => FileCheck.Check(response, wish, [find(path)], changes: 0));
    }

    private GoodRequest OfLanguage()
    {
        string language = random.Pick(["de", "en", "fr", "de-CH"]);
        string path = $"/files/vary/{Number()}";
        var file = catalogue.InLanguage(path, language);
        var wish = WishFor(file, file);
        return wish.Request(path, (response, _, _) => FileCheck.Check(response, wish, [file], changes: 0)) with
        {
            Fields = [.. wish.Fields, "Accept-Language: " + language],
        };
    }

    private GoodRequest OfPrivate(string? user)
    {
        int number = random.Below(4);
        string path = $"/files/private/{number}";
        if (user is null)
        {
            int status = (('0' + number) % 4) switch { 0 => 401, 1 => 403, 2 => 302, _ => 404 };
            return new GoodRequest("GET", path, [], (response, _, _) =>
                response.StatusCode == status && response.BodyText == "who are you?\n" ? null : $"not {status}");
        }

        return Personal(path, user, [random.OneIn(2) ? $"Cookie: theme=dark; session={user}" : $"Authorization: Bearer {user}"]);
    }

    private GoodRequest OfToken()
    {
        string path = $"/files/token/{Number()}";
        string user = User();
        return Personal(path, user, []) with { Target = $"{path}?token={user}-ok" };
    }

    private GoodRequest Personal(string path, string user, string[] fields)
    {
        var file = catalogue.Personal(path, user);
        var wish = WishFor(file, file) with { Tag = null };
        return wish.Request(path, (response, _, _) => FileCheck.Check(response, wish, [file], changes: 0)
            ?? (response.Field("X-User") == user ? null : $"not for {user}")) with
        {
            User = user,
            Fields = [.. wish.Fields, .. fields],
        };
    }

    private GoodRequest Redirected()
    {
        int number = Number();
        return new GoodRequest("GET", $"/files/redirect/{number}", [], (response, _, _) =>
            response.StatusCode == 302 && response.Field("Location")?.EndsWith($"/files/plain/{number}", StringComparison.Ordinal) == true
                ? null
                : "not the redirect");
    }

    private GoodRequest OfPage()
    {
        string? user = random.OneIn(2) ? User() : null;
        string kind = random.Pick(["mixed", "account", "api", "token"]);
        string path = $"/pages/{kind}/{Number()}";
        if (user is null)
        {
            return new GoodRequest("GET", path, [], (response, _, _) => kind == "token"
                ? response.StatusCode == 403 ? null : "not 403"
                : CheckText(response, ChaosOrigin.PageText(path, user: null)));
        }

        string own = ChaosOrigin.PageText(path, user);
        string target = kind == "token" ? $"{path}?token={user}-ok" : path;
        string[] fields = kind == "token" ? [] : [kind == "api" ? $"X-Api-Key: {user}" : $"Cookie: session={user}"];
        return new GoodRequest("GET", target, fields, (response, _, _) => CheckText(response, own)) { User = user };
    }

    private GoodRequest OfQuery()
    {
        string path = $"/pages/query/{Number()}";
        string id = random.Below(3).ToString(CultureInfo.InvariantCulture);
        string more = random.OneIn(2) ? "&utm_source=news" : "";
        return new GoodRequest(
            "GET", $"{path}?id={id}{more}", [], (response, _, _) => CheckText(response, ChaosOrigin.QueryText(path, id)));
    }

    private GoodRequest OfStream(string kind, bool mayBreak)
    {
        string path = $"/pages/{kind}/{Number()}";
        string text = ChaosOrigin.PageText(path, user: null);
        return new GoodRequest("GET", path, [], (response, _, _) =>
            mayBreak && response.Ending != ResponseEnding.Complete && response.StatusCode == 200
                ? text.StartsWith(response.BodyText, StringComparison.Ordinal) ? null : "wrong text before the cut"
                : mayBreak && response.StatusCode == 502 ? null : CheckText(response, text))
        {
            Version = random.OneIn(4) ? "1.0" : "1.1",
        };
    }

    private static string? CheckText(RawResponse response, string text) =>
        response.StatusCode != 200 ? "not 200"
        : response.Ending != ResponseEnding.Complete ? "cut off"
        : response.BodyText != text ? $"wrong text: {response.BodyText[..Math.Min(80, response.BodyText.Length)]}"
        : null;

    private FileWish WishFor(RangeFile current, RangeFile earlier)
    {
        long first = random.Below(39_000);
        string? range = random.Below(6) switch
        {
            0 => $"bytes={first}-",
            1 => $"bytes={first}-{first + random.Below(100_000)}",
            2 => $"bytes=-{1 + random.Below(30_000)}",
            _ => null,
        };
        string? tag = random.OneIn(3) ? random.OneIn(2) ? current.ETag : earlier.ETag : null;
        return new FileWish(random.OneIn(8) ? "HEAD" : "GET", range, tag) { Version = random.OneIn(8) ? "1.0" : "1.1" };
    }
}
