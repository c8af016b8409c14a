using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Redirects of objects that are followed, in literal bytes of the origin and of the storage behind it (B64).</summary>
public sealed class FollowRedirectTests
{
    private const int LengthBytes = 64;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(LengthBytes) { ExtraFields = ["Cache-Control: max-age=60"] };
    private int _signature = 1;

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    [Trait("Behaviour", "B64")]
    public async Task Object_behind_a_redirect_is_kept_under_the_first_name(int status)
    {
        await using var storage = ScriptedOrigin.Start(AnswerSignedAsync);
        await using var origin = ScriptedOrigin.Start(exchange => RedirectAsync(exchange, storage, status));
        await using var proxy = await StartAsync(origin);

        for (int round = 0; round < 2; round++)
        {
            var response = await proxy.GetAsync("/release.tgz?a=b", "Range: bytes=5-60");
            Assert.Equal((206, _file.ETag), (response.StatusCode, response.Field("ETag")));
            Assert.Equal(TestContent.Bytes(5, 56, _file.Seed), response.Body);
            Assert.Equal(round == 0 ? "MISS" : "HIT", response.Field("X-Cache"));
            Assert.Null(response.Field("Location"));
        }

        Assert.Equal((1, 8), (origin.RequestCount, storage.RequestCount));
        Assert.All(storage.Requests, request => Assert.Equal("/store/%41..%2f?X-Amz-Signature=1+/%3D", request.Target));
        Assert.All(storage.Requests, request => Assert.Equal(storage.Authority, request.Field("Host")));
        Assert.All(storage.Requests.Skip(1), request => Assert.Equal(_file.ETag, request.Field("If-Match")));
    }

    [Fact]
    [Trait("Behaviour", "B64")]
    public async Task Lifetime_and_validators_are_those_of_what_is_behind()
    {
        await using var storage = ScriptedOrigin.Start(AnswerSignedAsync);
        await using var origin = ScriptedOrigin.Start(exchange => RedirectAsync(exchange, storage));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        _signature = 2;

        var unchanged = await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        _file.ChangeTo(seed: 2);
        var changed = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), unchanged.Body);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), changed.Body);
        Assert.Equal((3, 8 + 1 + 8), (origin.RequestCount, storage.RequestCount));
        Assert.Equal("\"v1\"", storage.Requests[8].Field("If-None-Match"));
        Assert.Equal("/store/%41..%2f?X-Amz-Signature=2+/%3D", storage.Requests[8].Target);
    }

    // Each slice may meet a signature that has just expired.
    [Theory]
    [InlineData("400 Bad Request")]
    [InlineData("401 Unauthorized")]
    [InlineData("403 Forbidden")]
    [InlineData("404 Not Found")]
    [Trait("Behaviour", "B64")]
    public async Task Expired_signature_is_asked_for_anew_in_the_middle_of_an_object(string refusal)
    {
        await using var storage = ScriptedOrigin.Start(exchange =>
        {
            _signature += exchange.Request.Number == 4 ? 1 : 0;
            return IsSigned(exchange) ? _file.AnswerAsync(exchange) : exchange.RespondAsync(refusal, "expired");
        });
        await using var origin = ScriptedOrigin.Start(exchange => RedirectAsync(exchange, storage));
        await using var proxy = await StartAsync(origin, options => options with { MaxConcurrentSubrequests = 1 });

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body);
        Assert.Equal((2, 9), (origin.RequestCount, storage.RequestCount));
        Assert.Null(origin.Requests[1].Field("If-Match"));
    }

    [Fact]
    [Trait("Behaviour", "B64")]
    [Trait("Behaviour", "B24")]
    public async Task Another_version_behind_the_new_redirect_is_never_joined()
    {
        await using var storage = ScriptedOrigin.Start(exchange =>
        {
            if (exchange.Request.Number == 4)
            {
                _signature++;
                _file.ChangeTo(seed: 2);
            }

            return AnswerSignedAsync(exchange);
        });
        await using var origin = ScriptedOrigin.Start(exchange => RedirectAsync(exchange, storage));
        await using var proxy = await StartAsync(origin, options => options with { MaxConcurrentSubrequests = 1 });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));

        var cut = await client.ReadEndingAsync();

        Assert.NotEqual(ResponseEnding.Complete, cut.Ending);
        Assert.Equal(TestContent.Bytes(0, cut.Body.Length, seed: 1), cut.Body);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), (await proxy.GetAsync("/file")).Body);
    }

    [Fact]
    [Trait("Behaviour", "B64")]
    public async Task Nothing_of_the_client_goes_where_a_redirect_leads_nor_cookies_of_there_to_the_client()
    {
        _file.ExtraFields =
        [
            "Cache-Control: max-age=60", "Set-Cookie: cdn=1", "Content-Location: /store", "Strict-Transport-Security: max-age=9",
        ];
        await using var storage = ScriptedOrigin.Start(AnswerSignedAsync);
        await using var origin = ScriptedOrigin.Start(exchange => RedirectAsync(exchange, storage));
        await using var proxy = await StartAsync(origin, options => options with { CacheKeyFields = ["X-Api-Key"] });

        var response = await proxy.GetAsync(
            "/file", "Cookie: a=b", "Authorization: Basic YQ==", "X-Api-Key: k", "Referer: http://a/", "User-Agent: tool", "X-Other: o");

        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body);
        Assert.Equal("k", origin.Requests[0].Field("X-Api-Key"));
        foreach (string name in (string[])["Cookie", "Authorization", "X-Api-Key", "Referer", "X-Other"])
        {
            Assert.All(storage.Requests, request => Assert.Null(request.Field(name)));
        }

        Assert.All(storage.Requests, request => Assert.Equal("tool", request.Field("User-Agent")));
        foreach (string name in (string[])["Set-Cookie", "Content-Location", "Strict-Transport-Security"])
        {
            Assert.Null(response.Field(name));
        }

        Assert.Equal("HIT", (await proxy.GetAsync("/file", "X-Api-Key: k")).Field("X-Cache"));
    }

    // The two places have files of one length and no tag: nothing else would tell them apart.
    [Fact]
    [Trait("Behaviour", "B64")]
    [Trait("Behaviour", "B50")]
    public async Task Clients_that_the_redirect_tells_apart_never_meet_at_one_place()
    {
        var files = new Dictionary<string, RangeFile> { ["/a"] = new(LengthBytes), ["/b"] = new(LengthBytes) { Seed = 2 } };
        foreach (var file in files.Values)
        {
            file.ETag = null;
            file.ExtraFields = ["Cache-Control: max-age=60", "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT"];
        }

        await using var storage = ScriptedOrigin.Start(exchange => files[exchange.Request.Target].AnswerAsync(exchange));
        await using var origin = ScriptedOrigin.Start(
            exchange => RedirectAsync(exchange, $"{storage.Uri}{exchange.Request.Field("X-Tenant")}"));
        await using var proxy = await StartAsync(origin, options => options with { CacheKeyFields = ["X-Tenant"] });

        await proxy.GetAsync("/file", "X-Tenant: a", "Range: bytes=0-7");
        await proxy.GetAsync("/file", "X-Tenant: b", "Range: bytes=0-7");

        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), (await proxy.GetAsync("/file", "X-Tenant: a")).Body);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), (await proxy.GetAsync("/file", "X-Tenant: b")).Body);
    }

    [Theory]
    [InlineData("Accept-Language", 1)]
    [InlineData("*", 2)]
    [Trait("Behaviour", "B64")]
    [Trait("Behaviour", "B34")]
    public async Task Object_varies_by_what_its_redirect_varies_by(string vary, int timesAsked)
    {
        await using var storage = ScriptedOrigin.Start(exchange =>
            exchange.Request.Target == "/de" ? _file.AnswerAsync(exchange) : new RangeFile(LengthBytes) { Seed = 2 }.AnswerAsync(exchange));
        await using var between = ScriptedOrigin.Start(exchange => exchange.RespondAsync(
            "302 Found", "", $"Location: {storage.Uri}{exchange.Request.Field("Accept-Language")}", $"Vary: {vary}"));
        await using var origin = ScriptedOrigin.Start(exchange => RedirectAsync(exchange, between.Uri.ToString()));
        await using var proxy = await StartAsync(origin);

        foreach (string language in new[] { "de", "en", "de" })
        {
            var response = await proxy.GetAsync("/file", "Accept-Language: " + language);
            Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: language == "de" ? 1 : 2), response.Body);
            Assert.Contains(vary, response.Fields("Vary"));
        }

        Assert.Equal(timesAsked, between.Requests.Count(request => request.Field("Accept-Language") == "de"));
    }

    // Too many steps, a circle, a host that is not on the list, nothing there, no object there, and other kinds of places.
    [Theory]
    [InlineData("steps", "/4")]
    [InlineData("circle", "/a")]
    [InlineData("self", "/file")]
    [InlineData("host", "http://localhost:1/x")]
    [InlineData("refused", "http://127.0.0.1:1/x")]
    [InlineData("missing", "/missing")]
    [InlineData("scheme", "ftp://127.0.0.1/x")]
    [InlineData("userinfo", "http://a@127.0.0.1/x")]
    [InlineData("space", "/a b")]
    [Trait("Behaviour", "B64")]
    public async Task Redirect_that_leads_to_nothing_is_told_as_it_is(string kind, string location)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Target switch
        {
            "/a" => RedirectAsync(exchange, "/b"),
            "/b" => RedirectAsync(exchange, "/a"),
            "/4" or "/3" or "/2" or "/1" => RedirectAsync(exchange, $"/{exchange.Request.Target[1] - '1'}"),
            "/0" => _file.AnswerAsync(exchange),
            "/missing" => exchange.RespondAsync("404 Not Found"),
            _ => RedirectAsync(exchange, location, "the page of the redirect"),
        });
        await using var proxy = await StartAsync(
            origin, options => options with { FollowRedirects = 3, RewriteLocation = false, MaxRetries = 0 });

        var response = await proxy.GetAsync("/file");

        Assert.Equal((302, location, "the page of the redirect"), (response.StatusCode, response.Field("Location"), response.BodyText));
        Assert.InRange(origin.RequestCount, 1, kind is "steps" or "circle" ? 4 : 2);
    }

    [Fact]
    [Trait("Behaviour", "B64")]
    public async Task Several_steps_are_followed_within_the_limit()
    {
        await using var storage = ScriptedOrigin.Start(AnswerSignedAsync);
        await using var between = ScriptedOrigin.Start(exchange => exchange.Request.Target == "/one"
            ? RedirectAsync(exchange, "two")
            : RedirectAsync(exchange, storage));
        await using var origin = ScriptedOrigin.Start(exchange => RedirectAsync(exchange, $"{between.Uri}one"));
        await using var proxy = await StartAsync(origin, options => options with { FollowRedirects = 3 });

        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), (await proxy.GetAsync("/file")).Body);
        Assert.Equal((1, 2, 8), (origin.RequestCount, between.RequestCount, storage.RequestCount));
    }

    [Theory]
    [InlineData(0, "127.0.0.1", "/files/a")]
    [InlineData(5, "", "/files/a")]
    [InlineData(5, "127.0.0.1", "/page")]
    [Trait("Behaviour", "B64")]
    public async Task Redirect_is_the_clients_where_the_operator_has_not_said_otherwise(int steps, string host, string target)
    {
        await using var storage = ScriptedOrigin.Start(AnswerSignedAsync);
        await using var origin = ScriptedOrigin.Start(exchange => RedirectAsync(exchange, storage));
        await using var proxy = await StartAsync(origin, options => options with
        {
            FollowRedirects = steps,
            FollowRedirectsHosts = host.Length == 0 ? [] : [host],
            SlicePatterns = ["^/files/"],
        });

        Assert.Equal(302, (await proxy.GetAsync(target)).StatusCode);
        Assert.Equal(0, storage.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B64")]
    public async Task Requests_of_the_client_itself_are_not_followed()
    {
        await using var storage = ScriptedOrigin.Start(AnswerSignedAsync);
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("Authorization") is null
            ? exchange.RespondAsync("401 Unauthorized")
            : RedirectAsync(exchange, storage));
        await using var proxy = await StartAsync(origin);

        Assert.Equal(302, (await proxy.GetAsync("/file", "Authorization: Bearer t")).StatusCode);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("POST /file HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(302, (await client.ReadResponseAsync()).StatusCode);
        Assert.Equal(0, storage.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B64")]
    public async Task Storage_that_fails_for_a_moment_costs_the_download_nothing()
    {
        await using var storage = ScriptedOrigin.Start(exchange => exchange.Request.Number switch
        {
            3 => exchange.ResetAsync(),
            5 => exchange.RespondAsync("503 Service Unavailable"),
            _ => AnswerSignedAsync(exchange),
        });
        await using var origin = ScriptedOrigin.Start(exchange => RedirectAsync(exchange, storage));
        await using var proxy = await StartAsync(origin, options => options with { MaxConcurrentSubrequests = 1 }, TimeProvider.System);

        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), (await proxy.GetAsync("/file")).Body);
    }

    // The signature is a credential for as long as it lasts.
    [Fact]
    [Trait("Behaviour", "B64")]
    public async Task Signature_is_in_no_line_of_the_log_and_in_no_file_of_the_cache()
    {
        using var directory = new TestDirectory("redirects");
        await using var storage = ScriptedOrigin.Start(exchange => exchange.Request.Number % 2 == 0
            ? exchange.RespondAsync("500 Internal Server Error")
            : AnswerSignedAsync(exchange));
        await using var origin = ScriptedOrigin.Start(exchange => RedirectAsync(exchange, storage));
        await using (var proxy = await StartAsync(origin, options => options with
        {
            MaxRetries = 0,
            MaxConcurrentSubrequests = 1,
            Store = new CacheStoreOptions { OnDisk = true, Directory = directory.Path, DiskSizeBytes = 64 << 20 },
        }))
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(RawClient.Request("GET", "/file"));
            await client.ReadEndingAsync();
            Assert.DoesNotContain(proxy.Log, line => line.Contains("X-Amz-Signature", StringComparison.Ordinal));
        }

        byte[] sought = "X-Amz-Signature"u8.ToArray();
        string[] files = Directory.GetFiles(directory.Path, "slices.index*");
        Assert.NotEmpty(files);
        foreach (string path in files)
        {
            byte[] bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
            Assert.True(bytes.AsSpan().IndexOf(sought) < 0, path);
        }
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("other.example", false)]
    [Trait("Behaviour", "B64")]
    public async Task Host_behind_https_must_prove_its_own_name(string certified, bool isFollowed)
    {
        using var authority = new TestAuthority();
        using var directory = new TestDirectory("tls");
        string caFile = directory.Combine("ca.pem");
        await File.WriteAllTextAsync(caFile, authority.Pem, TestContext.Current.CancellationToken);
        await using var storage = ScriptedOrigin.Start(AnswerSignedAsync);
        using var certificate = authority.Issue(certified);
        await using var front = new TlsFront(storage, certificate);
        await using var origin = ScriptedOrigin.Start(exchange => RedirectAsync(exchange, $"https://localhost:{front.Port}{SignedPath}"));
        await using var proxy = await StartAsync(origin, options => options with
        {
            FollowRedirectsHosts = ["localhost"],
            MaxRetries = 0,
            UpstreamTls = new UpstreamTlsOptions { CaFile = caFile, ServerName = "origin.example", Verify = false },
        });

        var response = await proxy.GetAsync("/file");

        Assert.Equal(isFollowed ? 200 : 302, response.StatusCode);
        Assert.All(front.ServerNames, name => Assert.Equal("localhost", name));
        Assert.Equal(isFollowed ? 8 : 0, storage.RequestCount);
        Assert.All(storage.Requests, request => Assert.Equal($"localhost:{front.Port}", request.Field("Host")));
    }

    private string SignedPath => string.Create(CultureInfo.InvariantCulture, $"/store/%41..%2f?X-Amz-Signature={_signature}+/%3D");

    private bool IsSigned(OriginExchange exchange) => exchange.Request.Target == SignedPath;

    private Task AnswerSignedAsync(OriginExchange exchange)
    {
        _file.Time = _time;
        return IsSigned(exchange) ? _file.AnswerAsync(exchange) : exchange.RespondAsync("403 Forbidden", "SignatureDoesNotMatch");
    }

    private Task RedirectAsync(OriginExchange exchange, ScriptedOrigin storage, int status = 302) =>
        RedirectAsync(exchange, $"http://{storage.Authority}{SignedPath}", status: status);

    private static Task RedirectAsync(OriginExchange exchange, string location, string body = "", int status = 302) =>
        exchange.RespondAsync(string.Create(CultureInfo.InvariantCulture, $"{status} Elsewhere"), body, "Location: " + location);

    private Task<ProxyUnderTest> StartAsync(
        ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null, TimeProvider? time = null) =>
        ProxyUnderTest.StartAsync(
            origin.Uri,
            sliceSizeBytes: 8,
            options =>
            {
                options = options with { FollowRedirects = 5, FollowRedirectsHosts = ["127.0.0.1"] };
                return configure?.Invoke(options) ?? options;
            },
            time ?? _time);
}
