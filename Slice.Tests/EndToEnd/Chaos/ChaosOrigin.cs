using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>
/// A careless origin with every habit that makes a shared cache dangerous: it refuses strangers, gives personal answers without saying that
/// they are, builds links from fields that no key has, answers late, never, or half, and changes what it has.
/// </summary>
internal sealed partial class ChaosOrigin : IAsyncDisposable
{
    // Where servers and frameworks look for the name of the site: the more the worse.
    private static readonly string[] s_hostFields =
    [
        "X-Forwarded-Host", "X_Forwarded_Host", "X.Forwarded.Host", "X-Original-URL", "X-Rewrite-URL", "X-Host", "Forwarded-Host", "Proxy",
        "X-Requested-With",
    ];

    private static readonly string[] s_refusals = ["401 Unauthorized", "403 Forbidden", "302 Found", "404 Not Found"];

    private static readonly string[] s_errors =
    [
        "400 Bad Request", "401 Unauthorized", "403 Forbidden", "405 Method Not Allowed", "409 Conflict", "415 Unsupported Media Type",
        "429 Too Many Requests", "500 Internal Server Error", "501 Not Implemented", "503 Service Unavailable",
    ];

    private readonly ScriptedOrigin _origin;
    private readonly ConcurrentDictionary<string, int> _cuts = new();
    private readonly ConcurrentDictionary<string, bool> _late = new();
    private int _slowRequests;
    private int _onceRequests;

    public ChaosOrigin()
    {
        Catalogue = new ChaosCatalogue(FaultOf);
        _origin = ScriptedOrigin.Start(AnswerAsync, keepsRequests: false);
    }

    /// <summary>What it has.</summary>
    public ChaosCatalogue Catalogue { get; }

    /// <summary>Where it listens, as a Host field says it.</summary>
    public string Authority => _origin.Authority;

    /// <summary>How many requests it got.</summary>
    public int RequestCount => _origin.RequestCount;

    /// <summary>How many requests it got that it never answers.</summary>
    public int SlowRequests => Volatile.Read(ref _slowRequests);

    /// <summary>How many requests it got for files that are asked for once.</summary>
    public int OnceRequests => Volatile.Read(ref _onceRequests);

    /// <summary>Answers one request that has waited for ever, when there is one; where nobody lets it, it waits to the end.</summary>
    public SemaphoreSlim SlowAnswers { get; } = new(0);

    /// <summary>
    /// Whether it has got the first request of a User-Agent that begins with "late". It answers that one when the file has changed, with
    /// what was there before.
    /// </summary>
    public bool HasLate(string agent) => _late.ContainsKey(agent);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _origin.DisposeAsync();
        SlowAnswers.Dispose();
    }

    /// <summary>The page at a path for a user, or for nobody.</summary>
    public static string PageText(string path, string? user) =>
        string.Concat(Enumerable.Repeat($"page {path} for {user ?? "nobody"}\n", 40));

    /// <summary>The page of a query: the origin takes the last id, whichever way arguments are separated.</summary>
    public static string QueryText(string path, string id) => string.Concat(Enumerable.Repeat($"{path} with id {id}\n", 40));

    // A session in a cookie, credentials, or a token in the query.
    private static string? UserOf(OriginRequest request) =>
        Session().Match(string.Join(' ', request.Fields("Cookie").Concat(request.Fields("Authorization")))) is { Success: true } match
            ? match.Groups[1].Value
            : null;

    private static string HostOf(OriginRequest request) =>
        s_hostFields.Select(name => request.Field(name)).FirstOrDefault(value => value is not null) ?? request.Field("Host") ?? "";

    private static string[] FieldsOf(OriginRequest request) => UserOf(request) is { } user
        ? [LinkOf(request), "X-Seen-User: " + user]
        : [LinkOf(request)];

    private static string LinkOf(OriginRequest request) => $"Link: <http://{HostOf(request)}/>; rel=canonical";

    private static string LastId(string query) => query.Split('&', ';')
        .Select(argument => Uri.UnescapeDataString(argument).Split('=', 2))
        .LastOrDefault(argument => argument[0] == "id" && argument.Length == 2)?[1] ?? "none";

    private RangeFault? FaultOf(OriginExchange exchange)
    {
        var request = exchange.Request;
        bool isCut = request.Target.StartsWith("/files/cutting/", StringComparison.Ordinal)
            && request.Range is { } range && range.First % ChaosCatalogue.SliceBytes == 0
            && _cuts.AddOrUpdate($"{request.Target} {range.First}", 1, (_, count) => count + 1) % 3 == 1;
        return new RangeFault { Fields = FieldsOf(request), CutAfterBytes = isCut ? 10_000 : null };
    }

    private async Task AnswerAsync(OriginExchange exchange)
    {
        var request = exchange.Request;
        int mark = request.Target.IndexOf('?', StringComparison.Ordinal);
        string path = mark < 0 ? request.Target : request.Target[..mark];
        string query = mark < 0 ? "" : request.Target[(mark + 1)..];
        if (request.Field("User-Agent") == "wolf")
        {
            await exchange.CloseAsync();
        }
        else if (request.Field("User-Agent") == "bad" || request.Field("Referer")?.Contains("evil", StringComparison.Ordinal) == true)
        {
            await RespondAsync(exchange, "403 Forbidden", "go away\n");
        }
        else if (request.HeadBytes.Length > 9000)
        {
            await RespondAsync(exchange, "431 Request Header Fields Too Large", "too large\n");
        }
        else if (path.Contains("/.", StringComparison.Ordinal) || path.Contains('%', StringComparison.Ordinal))
        {
            await RespondAsync(exchange, "404 Not Found", "no such key\n", "Cache-Control: max-age=60");
        }
        else if (path.Contains("/slow", StringComparison.Ordinal))
        {
            await AnswerLateAsync(exchange);
        }
        else if (request.Method is not ("GET" or "HEAD"))
        {
            await AnswerUnsafeAsync(exchange, path);
        }
        else
        {
            await (path.StartsWith("/files/", StringComparison.Ordinal)
                ? AnswerFileAsync(exchange, path, query)
                : AnswerPageAsync(exchange, path, query));
        }
    }

    private async Task AnswerLateAsync(OriginExchange exchange)
    {
        Interlocked.Increment(ref _slowRequests);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(exchange.Stopped);
        var turn = SlowAnswers.WaitAsync(left.Token);
        var closed = exchange.ClientClosedAsync();
        if (await Task.WhenAny(turn, closed) == turn && turn.IsCompletedSuccessfully)
        {
            await exchange.RespondAsync("404 Not Found", "", "Connection: close", "Cache-Control: no-store");
            await exchange.CloseAsync();
            await closed;
        }

        await left.CancelAsync();
    }

    private async Task AnswerUnsafeAsync(OriginExchange exchange, string path)
    {
        var request = exchange.Request;
        string changed = request.Method is "MOVE" or "COPY" ? request.Field("Destination") ?? "" : path;
        if (changed.StartsWith("/files/moved/", StringComparison.Ordinal)
            && (changed != path || request.Method == "POST")
            && Catalogue.Find(changed) is { } target)
        {
            int version = target.Change(Stopwatch.GetTimestamp())!.Value;
            await RespondAsync(exchange, "200 OK", "done\n", string.Create(CultureInfo.InvariantCulture, $"X-Version: {version}"));
            return;
        }

        await RespondAsync(exchange, s_errors[(request.Number + path.Length) % s_errors.Length], "no\n");
    }

    private async Task AnswerFileAsync(OriginExchange exchange, string path, string query)
    {
        string[] names = path.Split('/');
        string kind = names[2];
        string? user = UserOf(exchange.Request);
        if (Catalogue.Find(path) is { } file)
        {
            var (changed, current) = (file.NextChange, file.Current);
            string agent = exchange.Request.Field("User-Agent") ?? "";
            if (agent.StartsWith("late", StringComparison.Ordinal) && _late.TryAdd(agent, true))
            {
                await exchange.WaitAsync(changed);
            }

            await current.AnswerAsync(exchange);
        }
        else if (kind == "vary")
        {
            await Catalogue.InLanguage(path, exchange.Request.Field("Accept-Language") ?? "").AnswerAsync(exchange);
        }
        else if (kind == "once")
        {
            Interlocked.Increment(ref _onceRequests);
            await Catalogue.Once(path).AnswerAsync(exchange);
        }
        else if (kind == "token" && Token().Match(query) is { Success: true } token)
        {
            await Catalogue.Personal(path, token.Groups[1].Value).AnswerAsync(exchange);
        }
        else if (kind == "private" && user is not null)
        {
            await Catalogue.Personal(path, user).AnswerAsync(exchange);
        }
        else if (kind is "private" or "token")
        {
            string refusal = kind == "token" ? s_refusals[1] : s_refusals[names[3][0] % s_refusals.Length];
            await RespondAsync(exchange, refusal, "who are you?\n", $"Location: http://{HostOf(exchange.Request)}/login");
        }
        else if (kind == "redirect")
        {
            await RespondAsync(exchange, "302 Found", "", $"Location: http://{HostOf(exchange.Request)}/files/plain/{names[3]}",
                "Cache-Control: max-age=60");
        }
        else
        {
            await RespondAsync(exchange, "404 Not Found", "nothing\n", "Cache-Control: max-age=60");
        }
    }

    private static async Task AnswerPageAsync(OriginExchange exchange, string path, string query)
    {
        string? user = UserOf(exchange.Request);
        string kind = path.Split('/') is [_, "pages", var name, ..] ? name : "";
        switch (kind)
        {
            case "mixed":
                // Careless: neither private nor Vary.
                await RespondAsync(exchange, "200 OK", PageText(path, user), user is null
                    ? ["Cache-Control: max-age=60", "ETag: \"p\""]
                    : ["Cache-Control: max-age=60", $"X-User: {user}", $"ETag: \"p-{user}\""]);
                break;
            case "account":
                string more = user is null ? "Vary: Cookie" : "X-User: " + user;
                await RespondAsync(exchange, "200 OK", PageText(path, user), "Cache-Control: max-age=60", more);
                break;
            case "api":
                string text = PageText(path, exchange.Request.Field("X-Api-Key"));
                await RespondAsync(exchange, "200 OK", text, "Cache-Control: max-age=60", "Vary: X-Api-Key");
                break;
            case "token":
                await (Token().Match(query) is { Success: true } token
                    ? RespondAsync(exchange, "200 OK", PageText(path, token.Groups[1].Value), "Cache-Control: max-age=60")
                    : RespondAsync(exchange, "403 Forbidden", "who are you?\n"));
                break;
            case "query":
                await RespondAsync(exchange, "200 OK", QueryText(path, LastId(query)), "Cache-Control: max-age=60");
                break;
            case "chunked":
                await SendChunkedAsync(exchange, path);
                break;
            case "broken":
                await exchange.SendAsync(
                    $"HTTP/1.1 200 OK\r\nCache-Control: max-age=1\r\n{LinkOf(exchange.Request)}\r\n"
                    + $"Content-Length: {PageText(path, null).Length}\r\n\r\n{PageText(path, null)[..500]}");
                await exchange.CloseAsync();
                break;
            default:
                await RespondAsync(exchange, "404 Not Found", "nothing\n", "Cache-Control: max-age=60");
                break;
        }
    }

    private static async Task SendChunkedAsync(OriginExchange exchange, string path)
    {
        string text = PageText(path, user: null);
        await exchange.SendAsync(
            $"HTTP/1.1 200 OK\r\nCache-Control: max-age=1\r\n{LinkOf(exchange.Request)}\r\nTransfer-Encoding: chunked\r\n\r\n");
        if (exchange.Request.Method == "HEAD")
        {
            return;
        }

        foreach (char[] chunk in text.Chunk(100))
        {
            await exchange.SendAsync($"{chunk.Length:x}\r\n{new string(chunk)}\r\n");
        }

        await exchange.SendAsync("0\r\n\r\n");
    }

    private static Task RespondAsync(OriginExchange exchange, string status, string body, params string[] fields)
    {
        string lines = string.Concat(fields.Concat(FieldsOf(exchange.Request)).Select(field => field + "\r\n"));
        return exchange.SendAsync(
            $"HTTP/1.1 {status}\r\n{lines}Content-Length: {body.Length}\r\n\r\n{(exchange.Request.Method == "HEAD" ? "" : body)}");
    }

    [GeneratedRegex(@"(?:session=|Bearer )(user\d+|evil\w*)")]
    private static partial Regex Session();

    [GeneratedRegex(@"(?:^|[&;])token=(user\d+)-ok(?:$|[&;])")]
    private static partial Regex Token();
}
