using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Origins that refuse a stranger, by any status or none, and answer a client that says more about itself: that client's own request goes
/// out, and soon without a stranger's before (B59).
/// </summary>
[Trait("Behaviour", "B59")]
public sealed class StrangersRefusalTests
{
    private readonly RangeFile _file = new(32) { ExtraFields = ["Cache-Control: max-age=60"] };

    public static TheoryData<string, string> Refusals
    {
        get
        {
            var data = new TheoryData<string, string>();
            int[] statuses =
            [
                302, 400, 401, 402, 403, 404, 405, 406, 409, 410, 412, 415, 418, 421, 422, 428, 429, 431, 451,
                500, 501, 502, 503, 504, 505,
            ];
            foreach (int status in statuses)
            {
                data.Add("GET", $"{status}");
                data.Add("HEAD", $"{status}");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Client_gets_what_its_own_request_gets_and_a_stranger_does_not(string method, string status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("X-Tenant") is null
            ? exchange.SendAsync($"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nLocation: /login\r\n\r\n")
            : _file.AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin);

        Assert.Equal(200, (await AskAsync(proxy, method, "X-Tenant: a")).StatusCode);
        int asked = origin.RequestCount;
        Assert.Equal(200, (await AskAsync(proxy, method, "X-Tenant: b")).StatusCode);
        var last = origin.Requests[^1];
        Assert.Equal((method, "b"), (last.Method, last.Field("X-Tenant")));
        Assert.All(origin.Requests.Skip(asked), request => Assert.Equal("b", request.Field("X-Tenant")));
        Assert.Equal(status, $"{(await AskAsync(proxy, method, "Accept: a/b")).StatusCode}");
    }

    // What all are refused costs one request each, whoever asks.
    [Theory]
    [InlineData("GET", "404")]
    [InlineData("HEAD", "404")]
    [InlineData("GET", "500")]
    [InlineData("HEAD", "403")]
    public async Task Refusal_of_everybody_is_not_asked_for_twice_each_time(string method, string status)
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.SendAsync($"HTTP/1.1 {status} No\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n"));
        await using var proxy = await StartAsync(origin);
        await AskAsync(proxy, method, "X-Tenant: 0");
        int asked = origin.RequestCount;

        for (int client = 1; client <= 5; client++)
        {
            Assert.Equal(status, $"{(await AskAsync(proxy, method, $"X-Tenant: {client}")).StatusCode}");
        }

        int each = method == "GET" && status == "403" ? 2 : 1;
        Assert.Equal(asked + (5 * each), origin.RequestCount);
        Assert.Equal("5", origin.Requests[^1].Field("X-Tenant"));
    }

    // Once there is something, all share it again.
    [Fact]
    [Trait("Behaviour", "B51")]
    public async Task Object_that_appears_is_shared_again()
    {
        bool isThere = false;
        await using var origin = ScriptedOrigin.Start(
            exchange => isThere ? _file.AnswerAsync(exchange) : exchange.RespondAsync("404 Not Found", "", "Cache-Control: no-store"));
        await using var proxy = await StartAsync(origin);
        Assert.Equal(404, (await AskAsync(proxy, "GET", "X-Tenant: a")).StatusCode);
        isThere = true;

        Assert.Equal(200, (await AskAsync(proxy, "GET", "X-Tenant: a")).StatusCode);
        Assert.Equal(200, (await AskAsync(proxy, "GET", "X-Tenant: a")).StatusCode);

        Assert.Equal("HIT", (await AskAsync(proxy, "GET", "X-Tenant: b")).Field("X-Cache"));
    }

    [Theory]
    [InlineData("GET", false)]
    [InlineData("HEAD", false)]
    [InlineData("GET", true)]
    [InlineData("HEAD", true)]
    public async Task Client_whose_own_request_is_answered_gets_the_answer_where_the_origin_hangs_up_on_strangers(
        string method, bool speaksNoHttp)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Field("Cookie") is not null)
            {
                await _file.AnswerAsync(exchange);
                return;
            }

            await exchange.SendAsync(speaksNoHttp ? "HELLO\r\n\r\n" : "");
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin);

        Assert.Equal(200, (await AskAsync(proxy, method, "Cookie: a=b")).StatusCode);
        int asked = origin.RequestCount;
        Assert.Equal(200, (await AskAsync(proxy, method, "Cookie: a=b")).StatusCode);

        Assert.All(origin.Requests.Skip(asked), request => Assert.Equal("a=b", request.Field("Cookie")));
        Assert.Equal(502, (await AskAsync(proxy, method, "Accept: a/b")).StatusCode);
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) => ProxyUnderTest.StartAsync(
        origin.Uri, sliceSizeBytes: 8, options => options with { MaxRetries = 0, SlicePatterns = ["^/"] });

    private static async Task<RawResponse> AskAsync(ProxyUnderTest proxy, string method, string field)
    {
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request(method, "/file", field));
        return await client.ReadResponseAsync(method);
    }
}
