using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What others may get is asked for as a stranger would ask (B50), and who is refused is refused alone (B51).</summary>
public sealed class StrangersRequestTests
{
    private const int SliceBytes = 8;

    private readonly RangeFile _file = new(4 * SliceBytes) { ExtraFields = ["Cache-Control: max-age=60"] };

    [Theory]
    [Trait("Behaviour", "B50")]
    [InlineData("Cookie: a=b")]
    [InlineData("Authorization: Basic YQ==")]
    [InlineData("X-Api-Key: secret")]
    [InlineData("X-Requested-With: XMLHttpRequest")]
    [InlineData("X_Forwarded_Host: evil.example")]
    [InlineData("X.Forwarded.Host: evil.example")]
    [InlineData("X-Forwarded-Host: evil.example")]
    [InlineData("Proxy: http://evil.example")]
    [InlineData("Forwarded-Host: evil.example")]
    [InlineData("Content_Length: 5")]
    public async Task Field_of_the_clients_own_does_not_reach_a_request_for_all(string field)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        Assert.Equal(200, (await proxy.GetAsync("/file", field)).StatusCode);
        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));

        string name = field.Split(':')[0];
        Assert.All(origin.Requests, request => Assert.Null(request.Field(name)));
    }

    [Theory]
    [Trait("Behaviour", "B50")]
    [InlineData("Accept: text/html")]
    [InlineData("Accept-Language: de")]
    [InlineData("User-Agent: curl/8")]
    [InlineData("Referer: http://site.example/")]
    [InlineData("Origin: http://site.example")]
    public async Task Field_that_a_stranger_would_send_too_goes_along(string field)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        await proxy.GetAsync("/file", field);

        string[] parts = field.Split(": ");
        Assert.All(origin.Requests, request => Assert.Equal(parts[1], request.Field(parts[0])));
    }

    [Theory]
    [Trait("Behaviour", "B50")]
    [InlineData("Cookie: a=b", true)]
    [InlineData("X-Requested-With: XMLHttpRequest", true)]
    [InlineData("Authorization: Basic YQ==", true)]
    [InlineData("Sec-Fetch-Mode: navigate", false)]
    [InlineData("X-Forwarded-For: 192.0.2.1", false)]
    [InlineData("Upgrade-Insecure-Requests: 1", false)]
    [InlineData("CF-Ray: 1", false)]
    [InlineData("CF-IPCountry: DE", true)]
    [InlineData("CDN-Loop: a", false)]
    [InlineData("X-B3-TraceId: 1", false)]
    public async Task Page_of_a_client_with_fields_of_its_own_goes_out_whole_and_is_not_stored(string field, bool isOwn)
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync("200 OK", "page", "Cache-Control: max-age=60, public"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/sliced/"] });

        await proxy.GetAsync("/page", field);
        var next = await proxy.GetAsync("/page");

        string[] parts = field.Split(": ");
        Assert.Equal(isOwn ? parts[1] : null, isOwn ? origin.Requests[0].Field(parts[0]) : null);
        Assert.Equal(isOwn ? "MISS" : "HIT", next.Field("X-Cache"));
    }

    [Theory]
    [Trait("Behaviour", "B50")]
    [InlineData("401 Unauthorized")]
    [InlineData("403 Forbidden")]
    [InlineData("302 Found")]
    [InlineData("404 Not Found")]
    public async Task Client_gets_what_its_own_request_gets_where_strangers_are_refused_and_nobody_else_does(string status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("Cookie") is null
            ? exchange.RespondAsync(status, "no", "Location: /login")
            : _file.AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin);

        for (int round = 0; round < 2; round++)
        {
            var mine = await proxy.GetAsync("/file", "Cookie: a=b");
            Assert.Equal(200, mine.StatusCode);
            Assert.Equal(TestContent.Bytes(0, 4 * SliceBytes, _file.Seed), mine.Body);
            Assert.Contains("; detail=own-fields", mine.Field("Cache-Status"), StringComparison.Ordinal);
            Assert.Equal("HTTP/1.1 " + status, (await proxy.GetAsync("/file")).StatusLine);
        }
    }

    // What of the query is no part of the key is not asked for on behalf of all: a token in it is as much the client's as a cookie.
    // A refusal may well be kept for other strangers; a login redirect says must-revalidate and means them alone.
    [Theory]
    [Trait("Behaviour", "B50")]
    [InlineData("401 Unauthorized", "max-age=60", "Authorization: Basic YQ==", false)]
    [InlineData("403 Forbidden", "max-age=60", "X-Api-Key: a", false)]
    [InlineData("403 Forbidden", "max-age=60", "Cookie: a", false)]
    [InlineData("302 Found", "max-age=60", "Cookie: a", false)]
    [InlineData("302 Found", "max-age=0, must-revalidate", "Authorization: Basic YQ==", false)]
    [InlineData("404 Not Found", "max-age=60", "Authorization: Basic YQ==", false)]
    [InlineData("302 Found", "max-age=60, public", "Cookie: a", true)]
    [InlineData("404 Not Found", "s-maxage=60", "Cookie: a", true)]
    public async Task Stored_refusal_of_strangers_refuses_nobody_else(string status, string cacheControl, string field, bool isForAll)
    {
        string name = field.Split(':')[0];
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field(name) is null
            ? exchange.SendAsync(
                $"HTTP/1.1 {status}\r\nContent-Length: 0\r\nLocation: /login\r\nCache-Control: {cacheControl}\r\n\r\n")
            : _file.AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin);
        int refused = int.Parse(status[..3], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(refused, (await proxy.GetAsync("/file")).StatusCode);

        foreach (string method in (string[])["GET", "HEAD", "GET"])
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(RawClient.Request(method, "/file", field));
            Assert.Equal(isForAll ? refused : 200, (await client.ReadResponseAsync(method)).StatusCode);
        }

        Assert.Equal(refused, (await proxy.GetAsync("/file")).StatusCode);
    }

    // What the origin gives to a stranger and calls personal is no file: somebody it knows gets something else.
    [Theory]
    [Trait("Behaviour", "B50")]
    [InlineData("Cache-Control: private", "Cookie: alice")]
    [InlineData("Cache-Control: private, max-age=60", "Authorization: Basic YQ==")]
    [InlineData("Cache-Control: no-store", "X-Api-Key: alice")]
    [InlineData("Set-Cookie: session=new", "Cookie: alice")]
    [InlineData("Vary: *\r\nCache-Control: max-age=60", "Cookie: alice")]
    public async Task Personal_answer_to_a_stranger_is_not_for_a_client_with_fields_of_its_own(string answerField, string field)
    {
        string name = field.Split(':')[0];
        await using var origin = ScriptedOrigin.Start(exchange =>
        {
            string body = exchange.Request.Field(name) is null ? "for nobody" : "for alice";
            return exchange.SendAsync(
                $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n{answerField}\r\n\r\n"
                + (exchange.Request.Method == "HEAD" ? "" : body));
        });
        await using var proxy = await StartAsync(origin);

        Assert.Equal("for alice", (await proxy.GetAsync("/file", field)).BodyText);
        Assert.Equal("for nobody", (await proxy.GetAsync("/file")).BodyText);
        Assert.Equal("for alice", (await proxy.GetAsync("/file", field, "Range: bytes=0-100")).BodyText);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("HEAD", "/other", field));
        Assert.Equal("9", (await client.ReadResponseAsync("HEAD")).Field("Content-Length"));
    }

    [Theory]
    [Trait("Behaviour", "B50")]
    [InlineData("GET", true)]
    [InlineData("HEAD", true)]
    [InlineData("GET", false)]
    [InlineData("HEAD", false)]
    public async Task Client_with_a_token_outside_the_key_gets_what_strangers_are_refused_and_nobody_else_does(string method, bool isSliced)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Target == "/file?token=a"
            ? _file.AnswerAsync(exchange)
            : exchange.RespondAsync("403 Forbidden", exchange.Request.Method == "HEAD" ? "" : "no"));
        await using var proxy = await StartAsync(origin, options => options with
        {
            CacheKeyIgnoredArguments = ["token"],
            SlicePatterns = isSliced ? [] : ["^/none$"],
        });

        for (int round = 0; round < 2; round++)
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(RawClient.Request(method, "/file?token=a"));
            var mine = await client.ReadResponseAsync(method);
            Assert.Equal((200, "32"), (mine.StatusCode, mine.Field("Content-Length")));
            Assert.Equal(403, (await proxy.GetAsync("/file?token=b")).StatusCode);
            Assert.Equal(403, (await proxy.GetAsync("/file")).StatusCode);
        }
    }

    // The 304 or the head of a HEAD with one client's credentials must not become part of everybody's answer.
    [Theory]
    [Trait("Behaviour", "B50")]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task Validation_is_a_strangers_too(string method)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        int before = origin.RequestCount;
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request(method, "/file", "Cookie: a=b", "Authorization: x", "Cache-Control: no-cache"));
        await client.ReadHeadAsync();

        var validation = origin.Requests[before];
        Assert.Null(validation.Field("Cookie") ?? validation.Field("Authorization") ?? validation.Field("X-Forwarded-Host"));
    }

    [Fact]
    [Trait("Behaviour", "B51")]
    public async Task Client_that_is_refused_a_part_hears_it_from_the_origin_and_the_object_stays()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("User-Agent") == "bad"
            ? exchange.RespondAsync("403 Forbidden", "go away")
            : _file.AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=0-7");

        var refused = await proxy.GetAsync("/file", "Range: bytes=16-23", "User-Agent: bad");
        var good = await proxy.GetAsync("/file", "Range: bytes=0-7");

        Assert.Equal((403, "go away"), (refused.StatusCode, refused.BodyText));
        Assert.Equal((206, "HIT"), (good.StatusCode, good.Field("X-Cache")));
    }

    [Fact]
    [Trait("Behaviour", "B51")]
    public async Task Clients_that_waited_for_one_that_is_refused_ask_for_themselves()
    {
        var isRefused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Field("User-Agent") == "bad")
            {
                await isRefused.Task;
                await exchange.RespondAsync("403 Forbidden", "go away");
                return;
            }

            await _file.AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin);
        var refused = proxy.GetAsync("/file", "User-Agent: bad");
        await origin.RequestsArrivedAsync(1);
        var others = Enumerable.Range(0, 5).Select(_ => proxy.GetAsync("/file")).ToArray();
        await Eventually.TrueAsync(() => proxy.Composition.Parts.Meter.ActiveRequests.Value == 6, () => "all to have asked");
        isRefused.SetResult();

        Assert.Equal(403, (await refused).StatusCode);
        Assert.All(await Task.WhenAll(others), response => Assert.Equal(200, response.StatusCode));

        // Two requests of the refused client, by range and without (B59), and one for each slice.
        Assert.Equal(6, origin.RequestCount);
    }

    [Theory]
    [Trait("Behaviour", "B52")]
    [InlineData("400 Bad Request")]
    [InlineData("401 Unauthorized")]
    [InlineData("405 Method Not Allowed")]
    [InlineData("412 Precondition Failed")]
    [InlineData("429 Too Many Requests")]
    [InlineData("431 Request Header Fields Too Large")]
    [InlineData("500 Internal Server Error")]
    public async Task Answer_about_one_request_takes_nothing_out(string status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("User-Agent") == "odd"
            ? exchange.RespondAsync(status, "no")
            : _file.AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin, options => options with { MaxRetries = 0 });
        await proxy.GetAsync("/file");

        await proxy.GetAsync("/file", "User-Agent: odd", "Cache-Control: no-cache");

        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    [Theory]
    [Trait("Behaviour", "B52")]
    [InlineData("POST")]
    [InlineData("PURGE")]
    public async Task Removal_while_an_answer_is_awaited_wins_over_the_answer(string method)
    {
        var hasRemoved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Method == "POST")
            {
                await exchange.RespondAsync("200 OK", "done");
                return;
            }

            await hasRemoved.Task;
            await _file.AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(
            origin, options => options with { Purge = options.Purge with { AuthToken = "t" } });
        var reading = proxy.GetAsync("/file");
        await origin.RequestsArrivedAsync(1);
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(RawClient.Request(method, "/file", "X-Purge-Token: t"));
            await client.ReadHeadAsync();
        }

        hasRemoved.SetResult();

        Assert.Equal(200, (await reading).StatusCode);
        Assert.Equal("MISS", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    [Theory]
    [Trait("Behaviour", "B52")]
    [InlineData("MOVE")]
    [InlineData("COPY")]
    public async Task Destination_of_a_move_or_copy_is_taken_out(string method)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Method == method
            ? exchange.RespondAsync("204 No Content", "")
            : _file.AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request(method, "/upload", "Destination: /file"));
        await client.ReadHeadAsync();

        Assert.Equal("MISS", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, configure);
}
