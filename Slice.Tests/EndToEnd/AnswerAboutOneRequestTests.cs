using Microsoft.Extensions.Time.Testing;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// B52 for every status that says something about one request, or about the origin's trouble with it, and nothing about the object, and for
/// redirects that state no lifetime: to a
/// validation, a HEAD, a part, and a request of the client's own. What is stored is used for others as before.
/// </summary>
public sealed class AnswerAboutOneRequestTests
{
    private const int SliceBytes = 8;
    private const int LengthBytes = 4 * SliceBytes;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(LengthBytes) { ExtraFields = ["Cache-Control: max-age=60"] };

    /// <summary>The statuses, each for an object that is kept in slices and for one that is kept as a whole.</summary>
    public static TheoryData<int, bool> Cases
    {
        get
        {
            int[] statuses =
            [
                302, 303, 305, 307,
                400, 401, 402, 403, 405, 406, 407, 408, 409, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 425, 426, 428, 429, 431,
                451, 499, 500, 501, 502, 503, 504, 505, 507, 511,
            ];
            var cases = new TheoryData<int, bool>();
            foreach (int status in statuses)
            {
                cases.Add(status, true);
                cases.Add(status, false);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("Behaviour", "B52")]
    public async Task Answer_to_a_validation_takes_nothing_out(int status, bool isSliced)
    {
        await using var origin = Start(status, isSliced);
        await using var proxy = await StartAsync(origin, "^/file");
        await proxy.GetAsync("/file");
        long stored = _file.ContentBytesSent;

        // Fresh, then stale.
        await AskOddlyAsync(proxy, "GET", "/file", "Cache-Control: no-cache");
        await AssertServedAsync(proxy, "/file", "HIT");
        _time.Advance(TimeSpan.FromSeconds(61));
        await AskOddlyAsync(proxy, "GET", "/file");
        await AssertServedAsync(proxy, "/file", "HIT");

        Assert.Equal(stored, _file.ContentBytesSent);

        // The origin was asked both times; after a 416 the client's own request follows ours, and what is refused is asked for without our
        // condition, and without our range (B59).
        int requests = FetchErrors.MayBeOfOurRequest(status) ? isSliced ? 3 : 2 : status == 416 && isSliced ? 2 : 1;
        Assert.Equal(2 * requests, origin.Requests.Count(request => request.Field("User-Agent") == "odd"));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("Behaviour", "B52")]
    public async Task Answer_to_a_head_takes_nothing_out(int status, bool isSliced)
    {
        await using var origin = Start(status, isSliced);
        await using var proxy = await StartAsync(origin, "^/file");
        await proxy.GetAsync("/file");
        long stored = _file.ContentBytesSent;

        foreach (string field in (string[])["Accept: a/b", "Range: bytes=3-5", "If-None-Match: \"other\"", "If-Match: \"other\""])
        {
            await AskOddlyAsync(proxy, "HEAD", "/file", field, "Cache-Control: no-cache");
            await AssertServedAsync(proxy, "/file", "HIT");
        }

        _time.Advance(TimeSpan.FromSeconds(61));
        await AskOddlyAsync(proxy, "HEAD", "/file");
        await AssertServedAsync(proxy, "/file", "HIT");

        Assert.Equal(stored, _file.ContentBytesSent);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("Behaviour", "B52")]
    public async Task Answer_to_a_part_takes_nothing_out(int status, bool isSliced)
    {
        await using var origin = Start(status, isSliced);
        await using var proxy = await StartAsync(origin, "^/file");
        foreach (string range in (string[])["Range: bytes=16-19", "Range: bytes=0-0,30-31", "Range: bytes=99-"])
        {
            string target = "/file?" + range.Length;
            if (isSliced)
            {
                // Only the first slice is there, and another is asked for.
                await proxy.GetAsync(target, "Range: bytes=0-7");
                await AskOddlyAsync(proxy, "GET", target, range);
                await AssertServedAsync(proxy, target, SaysThatItHasChanged(status) ? null : "HIT", count: SliceBytes);
            }

            await proxy.GetAsync(target);
            long stored = _file.ContentBytesSent;

            await AskOddlyAsync(proxy, "GET", target, range, "Cache-Control: no-cache");
            await AssertServedAsync(proxy, target, "HIT");
            Assert.Equal(stored, _file.ContentBytesSent);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("Behaviour", "B52")]
    public async Task Answer_to_a_request_of_the_clients_own_takes_nothing_out(int status, bool isSliced)
    {
        await using var origin = Start(status, isSliced);
        await using var proxy = await StartAsync(origin, "^/nothing");
        await proxy.GetAsync("/file");
        long stored = _file.ContentBytesSent;

        foreach (string field in (string[])["Cookie: a=b", "Authorization: Basic YQ==", "X-Requested-With: XMLHttpRequest"])
        {
            foreach (string method in (string[])["GET", "HEAD"])
            {
                await AskOddlyAsync(proxy, method, "/file", field, "Cache-Control: no-cache");
                await AskOddlyAsync(proxy, method, "/file", field, "Range: bytes=3-5");
                await AssertServedAsync(proxy, "/file", "HIT");
            }
        }

        Assert.Equal(stored, _file.ContentBytesSent);
    }

    // Whoever asks as a stranger and hears that it is gone has heard it for all.
    [Theory]
    [InlineData(404, true)]
    [InlineData(404, false)]
    [InlineData(410, true)]
    [InlineData(410, false)]
    [Trait("Behaviour", "B52")]
    public async Task Answer_that_the_object_is_gone_ends_it(int status, bool isSliced)
    {
        await using var origin = Start(status, isSliced);
        await using var proxy = await StartAsync(origin, "^/file");
        await proxy.GetAsync("/file");
        long stored = _file.ContentBytesSent;

        Assert.Equal(status, (await AskOddlyAsync(proxy, "GET", "/file", "Cache-Control: no-cache")).StatusCode);

        // Past the time for which a 404 may be kept.
        _time.Advance(TimeSpan.FromSeconds(59));
        await AssertServedAsync(proxy, "/file", "MISS");
        Assert.True(_file.ContentBytesSent >= stored + LengthBytes);
    }

    // To a request for a part of a version that we name, which is how parts are asked for (B51).
    private static bool SaysThatItHasChanged(int status) => status is 412 or 416;

    private ScriptedOrigin Start(int status, bool isSliced)
    {
        _file.SupportsRanges = isSliced;
        return ScriptedOrigin.Start(exchange => exchange.Request.Field("User-Agent") != "odd" ? _file.AnswerAsync(exchange)
            : exchange.Request.Method == "HEAD" ? exchange.SendAsync($"HTTP/1.1 {status} No\r\nContent-Length: 2\r\n\r\n")
            : exchange.SendAsync($"HTTP/1.1 {status} No\r\nContent-Length: 2\r\n\r\nno"));
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, string slicePattern) => ProxyUnderTest.StartAsync(
        origin.Uri, SliceBytes, options => options with { MaxRetries = 0, SlicePatterns = [slicePattern] }, _time);

    private static async Task<RawResponse> AskOddlyAsync(ProxyUnderTest proxy, string method, string target, params string[] fields)
    {
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request(method, target, ["User-Agent: odd", "Connection: close", .. fields]));
        return await client.ReadEndingAsync(method);
    }

    private async Task AssertServedAsync(ProxyUnderTest proxy, string target, string? xCache, int count = LengthBytes)
    {
        string range = count == LengthBytes ? "" : $"Range: bytes=0-{count - 1}\r\n";
        foreach (string version in (string[])["HTTP/1.1", "HTTP/1.0"])
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync($"GET {target} {version}\r\nHost: test.example\r\n{range}\r\n");
            var response = await client.ReadResponseAsync();
            Assert.Equal(range.Length > 0 ? 206 : 200, response.StatusCode);
            Assert.Equal(xCache ?? response.Field("X-Cache"), response.Field("X-Cache"));
            Assert.Equal(TestContent.Bytes(0, count, _file.Seed), response.Body);
            xCache = xCache == "MISS" ? "HIT" : xCache;
        }
    }
}
