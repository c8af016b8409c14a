using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What one client address may have: connections, requests and bytes (B53).</summary>
[Trait("Behaviour", "B53")]
public sealed class ClientLimitTests : IAsyncLifetime
{
    private const int FileBytes = 96 << 10;

    private static readonly IPAddress s_otherClient = IPAddress.Parse("127.0.0.2");

    private readonly RangeFile _file = new(FileBytes);
    private ScriptedOrigin _origin = null!;

    public ValueTask InitializeAsync()
    {
        _origin = ScriptedOrigin.Start(_file.AnswerAsync);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    private Task<ProxyUnderTest> StartAsync(PerClientLimitOptions limits) => ProxyUnderTest.StartAsync(
        _origin.Uri, 64 << 10, options => options with { Limits = options.Limits with { PerClient = limits } });

    private static async Task<RawResponse> AskAsync(RawClient client, string method = "GET")
    {
        await client.SendAsync(RawClient.Request(method, "/a"));
        return await client.ReadResponseAsync(method);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("DELETE")]
    public async Task Connection_above_the_limit_is_answered_429_and_ends_and_those_below_go_on(string method)
    {
        await using var proxy = await StartAsync(new PerClientLimitOptions { Connections = 2 });
        using var first = await RawClient.ConnectAsync(proxy.EndPoint);
        using var second = await RawClient.ConnectAsync(proxy.EndPoint);
        Assert.Equal(200, (await AskAsync(first)).StatusCode);
        Assert.Equal(200, (await AskAsync(second)).StatusCode);

        using var third = await RawClient.ConnectAsync(proxy.EndPoint);
        var refused = await AskAsync(third, method);

        Assert.Equal(429, refused.StatusCode);
        Assert.Equal("1", refused.Field("Retry-After"));
        Assert.Equal("no-store", refused.Field("Cache-Control"));
        Assert.Equal("close", refused.Field("Connection"));
        await third.ExpectClosedAsync();
        Assert.Equal(200, (await AskAsync(first)).StatusCode);
        Assert.Equal(200, (await AskAsync(second)).StatusCode);
    }

    [Fact]
    public async Task Connection_that_ends_makes_room_for_the_next_one()
    {
        await using var proxy = await StartAsync(new PerClientLimitOptions { Connections = 1 });
        using (var first = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            Assert.Equal(200, (await AskAsync(first)).StatusCode);
        }

        await Eventually.TrueAsync(
            async () => (await proxy.GetAsync("/a", "Connection: close")).StatusCode == 200, () => "the place of the first connection");
    }

    [Fact]
    public async Task Other_clients_and_the_metrics_port_do_not_feel_a_client_at_its_limits()
    {
        await using var proxy = await StartAsync(new PerClientLimitOptions { Connections = 1, RequestsPerSecond = 1 });
        using var greedy = await RawClient.ConnectAsync(proxy.EndPoint);
        Assert.Equal(200, (await AskAsync(greedy)).StatusCode);
        Assert.Equal(429, (await proxy.GetAsync("/a")).StatusCode);

        using var other = await RawClient.ConnectFromAsync(s_otherClient, proxy.EndPoint);
        Assert.Equal(200, (await AskAsync(other)).StatusCode);
        for (int scrape = 0; scrape < 5; scrape++)
        {
            Assert.Equal(200, (await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics")).StatusCode);
        }
    }

    // Behind a balancer all clients have its address; were it told 429, it would give the instance up.
    [Fact]
    public async Task Health_checks_are_answered_whatever_their_client_had()
    {
        await using var proxy = await StartAsync(new PerClientLimitOptions { Connections = 1, RequestsPerSecond = 1 });
        using var greedy = await RawClient.ConnectAsync(proxy.EndPoint);
        await AskAsync(greedy);
        Assert.Equal(429, (await proxy.GetAsync("/a")).StatusCode);

        for (int check = 0; check < 5; check++)
        {
            Assert.Equal(200, await AskForHealthAsync(proxy));
        }
    }

    [Fact]
    public async Task Connections_that_say_nothing_beyond_those_to_be_refused_are_closed_at_once()
    {
        await using var proxy = await StartAsync(new PerClientLimitOptions { Connections = 1 });
        using var served = await RawClient.ConnectAsync(proxy.EndPoint);
        Assert.Equal(200, (await AskAsync(served)).StatusCode);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var silent = Enumerable.Range(0, 3).Select(_ => EndOfSilentAsync(proxy.EndPoint, gate.Task)).ToArray();
        await Eventually.TrueAsync(
            () => proxy.Instance.Parts.Meter.ClientLimits.Read().SingleOrDefault().Value == 2, "two of three connections to be closed");
        gate.SetResult();

        Assert.Equal(["429", "reset", "reset"], (await Task.WhenAll(silent)).Order(StringComparer.Ordinal));
        Assert.Equal(200, (await AskAsync(served)).StatusCode);
    }

    [Fact]
    public async Task Requests_above_the_rate_are_answered_429_with_when_to_come_again_and_the_connection_goes_on()
    {
        const int Requests = 50;
        await using var proxy = await StartAsync(new PerClientLimitOptions { RequestsPerSecond = 1 });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(string.Concat(Enumerable.Repeat(RawClient.Request("GET", "/a"), Requests)));

        var answers = new List<RawResponse>();
        for (int request = 0; request < Requests; request++)
        {
            answers.Add(await client.ReadResponseAsync());
        }

        Assert.Equal(200, answers[0].StatusCode);
        var refused = answers.Where(answer => answer.StatusCode == 429).ToArray();
        Assert.NotEmpty(refused);
        Assert.All(refused, answer => Assert.Equal("1", answer.Field("Retry-After")));
        var metrics = await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics");
        string counted = $"pingora_slice_client_limits_total{{limit=\"requests\"}} {refused.Length}\n";
        Assert.Contains(counted, metrics.BodyText, StringComparison.Ordinal);
        await Eventually.TrueAsync(async () => (await AskAsync(client)).StatusCode == 200, () => "the next second");
    }

    // The bucket is full at first: what is beyond a second's bytes takes its time, however fast the machine is.
    [Theory]
    [InlineData("GET", 1)]
    [InlineData("GET", 2)]
    [InlineData("POST", 1)]
    public async Task Bytes_come_whole_and_no_faster_than_the_rate_over_all_connections(string method, int connections)
    {
        const int Rate = 64 << 10;
        await using var proxy = await StartAsync(new PerClientLimitOptions { BytesPerSecond = Rate });
        long begin = Stopwatch.GetTimestamp();

        var bodies = await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            return (await AskAsync(client, method)).Body.ToArray();
        }));

        byte[] content = new byte[FileBytes];
        _file.Content(0, content);
        Assert.All(bodies, body => Assert.Equal(content, body));
        var least = TimeSpan.FromSeconds(0.9 * ((connections * FileBytes) - Rate) / Rate);
        Assert.InRange(Stopwatch.GetElapsedTime(begin), least, TimeSpan.MaxValue);
    }

    [Fact]
    public async Task Client_that_leaves_while_it_waits_for_its_bytes_is_let_go()
    {
        await using var proxy = await StartAsync(new PerClientLimitOptions { BytesPerSecond = 1 });
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(RawClient.Request("GET", "/a"));
            await _origin.RequestsArrivedAsync(1);
        }

        await Eventually.TrueAsync(() => proxy.Exchanges.Count == 1, "the exchange to end");
    }

    // The reset may come before the connection is known to stand.
    // One more connection than are to be refused is reset: the one before counts until the proxy has seen its end.
    private static async Task<int> AskForHealthAsync(ProxyUnderTest proxy)
    {
        int status = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    status = (await proxy.GetAsync("/health")).StatusCode;
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            },
            () => "an answer");
        return status;
    }

    private static async Task<string> EndOfSilentAsync(IPEndPoint endPoint, Task gate)
    {
        try
        {
            using var client = await RawClient.ConnectAsync(endPoint);
            await gate;
            return (await AskAsync(client)).StatusCode.ToString(CultureInfo.InvariantCulture);
        }
        catch (SocketException)
        {
            return "reset";
        }
    }
}
