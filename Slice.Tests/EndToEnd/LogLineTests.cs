using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Lines that an operator looks for when something is wrong.</summary>
public sealed class LogLineTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));

    [Fact]
    public async Task Outage_has_a_line_at_once_and_one_for_all_that_follow_within_a_second()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.CloseAsync());
        await using var proxy = await StartAsync(origin);
        for (int request = 0; request < 20; request++)
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
            Assert.Equal(502, (await client.ReadResponseAsync()).StatusCode);
        }

        Assert.Single(proxy.Log, line => line.StartsWith("Warning origin_failed ", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(1));
        string address = origin.Uri.ToString().TrimEnd('/');
        Assert.Contains(
            $"Warning repeated the same again within a second: origin_failed {address} connection_terminated 19", proxy.Log);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Upload_that_the_client_breaks_off_has_a_line(bool isReset)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.ClientClosedAsync(), readsBodies: false);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        await origin.RequestsArrivedAsync(1);
        if (isReset)
        {
            client.Abort();
        }
        else
        {
            client.FinishSending();
        }

        await Eventually.TrueAsync(
            () => proxy.Log.Any(line => line.StartsWith(
                "Information upload_cut a client broke its upload off: /upload 127.0.0.1 ", StringComparison.Ordinal)),
            () => string.Join('\n', proxy.Log));
    }

    [Theory]
    [InlineData("POST", "origin_failed")]
    [InlineData("GET", "fetch_failed")]
    public async Task Body_that_breaks_off_has_a_line_with_the_address_that_it_came_from(string method, string name)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 300\r\nCache-Control: max-age=60\r\n\r\n" + new string('x', 150));
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync($"{method} /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");

        await AssertLineAsync(proxy, $"Warning {name} ", $" http://{origin.Authority} ");
    }

    [Fact]
    public async Task Slice_that_is_answered_with_500_has_a_line_with_the_address()
    {
        var file = new RangeFile(300);
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.Request.Number == 1 ? file.AnswerAsync(exchange) : exchange.RespondAsync("500 Internal Server Error", ""));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/a.iso"));

        await AssertLineAsync(proxy, "Warning fetch_failed ", $" http://{origin.Authority} ");
    }

    // A port for TLS says so to whoever comes without. Clients may bring 400 about as well: no warning.
    [Fact]
    public async Task Bad_request_in_answer_to_a_request_of_ours_has_a_line_and_is_no_warning()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("400 Bad Request", "plain HTTP to an HTTPS port"));
        await using var proxy = await StartAsync(origin);
        foreach (string target in (string[])["/a.iso", "/b.iso"])
        {
            Assert.Equal(400, (await proxy.GetAsync(target)).StatusCode);
        }

        await AssertLineAsync(proxy, "Information origin_error ", $" 400 /a.iso http://{origin.Authority} ");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains(
            $"Information repeated the same again within a second: origin_error http://{origin.Authority} 400 1", proxy.Log);
        Assert.DoesNotContain(proxy.Log, line => line.StartsWith("Warning ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Purge_of_one_url_has_a_line_whatever_it_found()
    {
        var file = new RangeFile(300);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, 100, options => options with { Purge = options.Purge with { AuthToken = "s3cret-token" } }, _time);
        await proxy.GetAsync("/a.iso");

        Assert.Equal(200, (await PurgeAsync(proxy, "/a.iso", "X-Purge-Token: s3cret-token")).StatusCode);
        Assert.Equal(404, (await PurgeAsync(proxy, "/a.iso", "X-Purge-Token: s3cret-token")).StatusCode);

        Assert.Single(proxy.Log, line => line.StartsWith(
            "Information purge a PURGE was answered: purged url /a.iso False 3 127.0.0.1:", StringComparison.Ordinal));
        Assert.Single(proxy.Log, line => line.StartsWith(
            "Information purge a PURGE was answered: not_found url /a.iso False 0 127.0.0.1:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Purges_without_the_right_are_warned_of_once_a_second_and_their_tokens_are_not_told()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", ""));
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, 100, options => options with { Purge = options.Purge with { AuthToken = "s3cret-token" } }, _time);
        for (int request = 0; request < 5; request++)
        {
            Assert.Equal(401, (await PurgeAsync(proxy, "/a.iso", "X-Purge-Token: gu3ss")).StatusCode);
        }

        Assert.Single(proxy.Log, line => line.StartsWith(
            "Warning purge a PURGE was answered: unauthorized url /a.iso False 0 127.0.0.1:", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("Warning repeated the same again within a second: purge  unauthorized 4", proxy.Log);
        Assert.DoesNotContain(proxy.Log, line => line.Contains("gu3ss", StringComparison.Ordinal));
        Assert.DoesNotContain(proxy.Log, line => line.Contains("s3cret", StringComparison.Ordinal));
    }

    private static async Task<RawResponse> PurgeAsync(ProxyUnderTest proxy, string target, string field)
    {
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("PURGE", target, field));
        return await client.ReadResponseAsync();
    }

    private static Task AssertLineAsync(ProxyUnderTest proxy, string beginning, string part) => Eventually.TrueAsync(
        () => proxy.Log.Any(
            line => line.StartsWith(beginning, StringComparison.Ordinal) && line.Contains(part, StringComparison.Ordinal)),
        () => string.Join('\n', proxy.Log));

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) =>
        ProxyUnderTest.StartAsync(origin.Uri, 100, options => options with { MaxRetries = 0 }, _time);
}
