using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Every kind of request that is made on behalf of all carries fields of the list and no others, whatever the client sends (B50): the
/// origin's side in literal bytes.
/// </summary>
[Trait("Behaviour", "B50")]
public sealed class SharedRequestKindTests : IAsyncLifetime
{
    private const int SliceBytes = 8;

    // What says who asks, what frameworks and proxies read, spellings that read as those, and what belongs to one connection.
    private static readonly string[] s_ownFields =
    [
        "Cookie: session=alice",
        "Authorization: Basic YWxpY2U6YQ==",
        "Proxy-Authorization: Basic YWxpY2U6YQ==",
        "From: alice@client.example",
        "X-Api-Key: alice",
        "X-Requested-With: XMLHttpRequest",
        "X-Forwarded-For: 192.0.2.1",
        "X-Forwarded-Host: alice.example",
        "X-Forwarded-Proto: alice",
        "X-Forwarded-Prefix: /alice",
        "X_Forwarded_Host: alice.example",
        "X.Forwarded.Host: alice.example",
        "Accept_Language: alice",
        "Content_Length: 5",
        "Forwarded: for=alice",
        "X-Original-URL: /alice",
        "X-Rewrite-URL: /alice",
        "X-HTTP-Method-Override: DELETE",
        "X-Method-Override: DELETE",
        "X-Host: alice.example",
        "X-Real-IP: 192.0.2.1",
        "True-Client-IP: 192.0.2.1",
        "CF-Connecting-IP: 192.0.2.1",
        "Proxy: http://alice.example",
        "Max-Forwards: 9",
        "DNT: 1",
        "Sec-Fetch-Mode: navigate",
        "Priority: u=1",
        "traceparent: 00-alice",
        "X-Request-Id: alice",
        "Connection: X-Named",
        "X-Named: alice",
        "TE: trailers",
        "Keep-Alive: timeout=5",
        "Prefer: return=minimal",
        "A-IM: vcdiff",
        "Unlisted: alice",
    ];

    private static readonly string[] s_fieldsOfAll =
    [
        "Accept: */*",
        "Accept-Language: de",
        "Accept-Charset: utf-8",
        "User-Agent: a/1",
        "Referer: http://a.example/",
        "Origin: http://a.example",
        "Sec-CH-UA-Mobile: ?1",
        "Save-Data: on",
    ];

    // Our own: what frames a request, asks for a part, names a version, or says that we are there.
    private static readonly string[] s_ours =
        ["Host", "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "Accept-Encoding", "X-Request-Id", "Via"];

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RangeFile _file = new(4 * SliceBytes)
    {
        ETag = "\"v1\"",
        ExtraFields = ["Cache-Control: max-age=10, stale-while-revalidate=1000"],
    };

    private ScriptedOrigin _origin = null!;
    private ProxyUnderTest _proxy = null!;

    public async ValueTask InitializeAsync()
    {
        _origin = ScriptedOrigin.Start(_file.AnswerAsync);
        _proxy = await ProxyUnderTest.StartAsync(
            _origin.Uri, SliceBytes, options => options with { SlicePatterns = ["^/files/"], MaxConcurrentSubrequests = 2 }, _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    private async Task<RawResponse> AskAsync(string startLine, params string[] fields)
    {
        using var client = await RawClient.ConnectAsync(_proxy.EndPoint);
        await client.SendAsync($"{startLine}\r\nHost: test.example\r\n{string.Concat(fields.Select(field => field + "\r\n"))}\r\n");
        return await client.ReadResponseAsync(startLine.Split(' ')[0]);
    }

    private void AssertAsksAsStranger(int requests)
    {
        Assert.Equal(requests, _origin.RequestCount);
        string[] mayGo = [.. s_fieldsOfAll.Select(field => field.Split(':')[0]), .. s_ours];
        foreach (var request in _origin.Requests)
        {
            string[] names = [.. request.HeadText.Split("\r\n")[1..].Where(line => line.Length > 0).Select(line => line.Split(':')[0])];
            Assert.Empty(names.Except(mayGo, StringComparer.OrdinalIgnoreCase));
            Assert.All(s_fieldsOfAll, field => Assert.Contains($"\r\n{field}\r\n", request.HeadText, StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain("alice", request.HeadText, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("GET /files/a HTTP/1.1", "", 4)]
    [InlineData("GET /files/a HTTP/1.0", "", 4)]
    [InlineData("GET /files/a HTTP/1.1", "Range: bytes=9-10", 1)]
    [InlineData("GET /files/a HTTP/1.1", "Range: bytes=-3", 2)]
    [InlineData("GET /files/a HTTP/1.1", "Range: bytes=0-1,20-21", 3)]
    [InlineData("GET /files/a HTTP/1.1", "Range: bytes=0-1\r\nIf-Range: \"v1\"", 1)]
    [InlineData("GET /files/a HTTP/1.1", "If-None-Match: \"v1\"", 1)]
    [InlineData("HEAD /files/a HTTP/1.1", "", 1)]
    [InlineData("HEAD /files/a HTTP/1.0", "", 1)]
    [InlineData("HEAD /files/a HTTP/1.1", "Range: bytes=0-1", 1)]
    public async Task Unknown_object_is_asked_for_as_a_stranger_would(string startLine, string more, int requests)
    {
        string[] fields = [.. s_ownFields, .. s_fieldsOfAll, .. more.Split("\r\n", StringSplitOptions.RemoveEmptyEntries)];
        Assert.InRange((await AskAsync(startLine, fields)).StatusCode, 200, 304);
        AssertAsksAsStranger(requests);
    }

    [Theory]
    [InlineData("GET /files/a HTTP/1.1", "Cache-Control: no-cache")]
    [InlineData("GET /files/a HTTP/1.0", "Pragma: no-cache")]
    [InlineData("GET /files/a HTTP/1.1", "Range: bytes=0-1\r\nCache-Control: no-cache")]
    [InlineData("HEAD /files/a HTTP/1.1", "Cache-Control: no-cache")]
    public async Task Stored_object_is_validated_as_a_stranger_would(string startLine, string more)
    {
        await AskAsync("GET /files/a HTTP/1.1", s_fieldsOfAll);
        Assert.Equal(4, _origin.RequestCount);

        string[] fields = [.. s_ownFields, .. s_fieldsOfAll, .. more.Split("\r\n")];
        Assert.InRange((await AskAsync(startLine, fields)).StatusCode, 200, 206);

        AssertAsksAsStranger(5);
    }

    [Fact]
    public async Task Stale_object_is_refreshed_in_the_background_as_a_stranger_would()
    {
        await AskAsync("GET /files/a HTTP/1.1", s_fieldsOfAll);
        _time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(200, (await AskAsync("GET /files/a HTTP/1.1", [.. s_ownFields, .. s_fieldsOfAll])).StatusCode);

        await _origin.RequestsArrivedAsync(5);
        AssertAsksAsStranger(5);
    }

    [Fact]
    public async Task Stale_object_that_a_client_with_no_store_wants_is_refreshed_for_all()
    {
        await AskAsync("GET /files/a HTTP/1.1", s_fieldsOfAll);
        _time.Advance(TimeSpan.FromSeconds(20));

        _file.ETag = "\"v2\"";

        Assert.Equal(200, (await AskAsync("GET /files/a HTTP/1.1", [.. s_fieldsOfAll, "Cache-Control: no-store"])).StatusCode);
        await _origin.RequestsArrivedAsync(5);

        // Who wants nothing but what is stored starts no refresh.
        await Eventually.TrueAsync(
            async () =>
            {
                var stored = await AskAsync("HEAD /files/a HTTP/1.1", "Cache-Control: only-if-cached, max-stale");
                return stored.Field("ETag") == "\"v2\"";
            },
            () => "the refreshed object");
    }

    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/1.0")]
    public async Task Object_of_an_origin_without_ranges_is_asked_for_as_a_stranger_would(string version)
    {
        _file.SupportsRanges = false;

        Assert.Equal(200, (await AskAsync("GET /files/a " + version, [.. s_ownFields, .. s_fieldsOfAll])).StatusCode);

        AssertAsksAsStranger(1);
    }

    // The same fields make a request outside the sliced paths the client's own, all of them.
    [Theory]
    [InlineData("GET /page HTTP/1.1")]
    [InlineData("HEAD /page HTTP/1.1")]
    [InlineData("GET /page HTTP/1.0")]
    public async Task Page_is_asked_for_with_all_end_to_end_fields(string startLine)
    {
        await AskAsync(startLine, [.. s_ownFields, .. s_fieldsOfAll]);

        var request = Assert.Single(_origin.Requests);
        string[] hopByHop = ["Proxy-Authorization", "Connection", "X-Named", "TE", "Keep-Alive"];
        string[] told = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Request-Id", "Max-Forwards"];
        foreach (string field in s_ownFields.Concat(s_fieldsOfAll))
        {
            string name = field.Split(':')[0];
            if (hopByHop.Contains(name))
            {
                Assert.Null(request.Field(name));
            }
            else if (!told.Contains(name))
            {
                Assert.Contains($"\r\n{field}\r\n", request.HeadText, StringComparison.OrdinalIgnoreCase);
            }
        }
    }
}
