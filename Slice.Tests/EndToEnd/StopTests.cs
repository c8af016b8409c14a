using System.Net;
using System.Net.Sockets;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>SIGTERM, as systemd sends it: what runs finishes, what does not end is ended, and the exit is clean either way.</summary>
public sealed class StopTests
{
    private const int SigInt = 2;
    private const int SigTerm = 15;
    private const string ProxyHeader = "PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n";
    private const int SliceBytes = 64 << 10;

    private static Task<ProductProcess> StartProductAsync(ScriptedOrigin origin, string shutdown = "30s") =>
        ProductProcess.StartAsync($$$"""
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            upstream_address: {{{origin.Authority}}}
            slice_size: 64KiB
            slice_patterns: ['^/sliced/']
            timeouts:
              shutdown: {{{shutdown}}}
            """);

    // Each event once, in this order, and nothing that went wrong; what was cut off is told by a line each.
    private static void AssertCleanLog(ProductProcess product, int cutOff = 0)
    {
        string log = string.Join('\n', product.Lines);
        Assert.Equal(cutOff, product.Lines.Count(line => line.Contains(" level=warn event=cut_off ", StringComparison.Ordinal)));
        Assert.Collection(
            product.Lines.Where(line => !line.Contains(" event=cut_off ", StringComparison.Ordinal)),
            line => Assert.Contains(" level=info event=listening ", line, StringComparison.Ordinal),
            line => Assert.Contains(" level=info event=stopping ", line, StringComparison.Ordinal),
            line => Assert.Contains(" level=info event=stopped ", line, StringComparison.Ordinal));
        Assert.DoesNotContain("Exception", log, StringComparison.Ordinal);
    }

    private static async Task<bool> AnswersBehindABalancerAsync(int port)
    {
        try
        {
            using var client = await RawClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
            await client.SendAsync(ProxyHeader + RawClient.Request("GET", "/health"));
            return (await client.ReadResponseAsync()).StatusCode == 200;
        }
        catch (Exception exception) when (exception is SocketException or EndOfStreamException)
        {
            return false;
        }
    }

    private static Task NewConnectionsRefusedAsync(ProductProcess product) => Eventually.TrueAsync(
        async () =>
        {
            try
            {
                using RawClient client = await RawClient.ConnectAsync(product.EndPoint);
                return false;
            }
            catch (SocketException exception)
            {
                return exception.SocketErrorCode == SocketError.ConnectionRefused;
            }
        },
        () => "new connections are refused");

    [Theory]
    [InlineData("/sliced/file", 8)]
    [InlineData("/through/file", 1)]
    [Trait("Behaviour", "B49")]
    public async Task Running_download_finishes_byte_exact(string target, int heldRequest)
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var file = new RangeFile((32 * SliceBytes) + 1)
        {
            Fault = RangeFile.OnRequest(heldRequest, new RangeFault { PauseAfterBytes = 1000, BodyGate = hold.Task }),
        };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await StartProductAsync(origin);
        using var sink = new VerifyingSink(file.Content);
        Task<RawResponse> download = RawClient.GetVerifiedAsync(product.EndPoint, target, sink, Deadline.Default);
        await origin.RequestsArrivedAsync(heldRequest);

        Task<int> stopped = product.StopAsync();
        await product.LineAsync("event=stopping");
        await NewConnectionsRefusedAsync(product);
        Assert.False(product.HasExited);
        hold.SetResult();

        Assert.Equal(200, (await download).StatusCode);
        Assert.Equal(file.LengthBytes, sink.Count);
        Assert.Equal(0, await stopped);
        AssertCleanLog(product);
    }

    [Fact]
    public async Task Running_upload_finishes_byte_exact()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
        await using var product = await StartProductAsync(origin);
        byte[] content = TestContent.Bytes(0, 4 * SliceBytes, seed: 1);
        using var client = await RawClient.ConnectAsync(product.EndPoint);
        await client.SendAsync(RawClient.Request("POST", "/through/new", $"Content-Length: {content.Length}"));
        await client.SendAsync(content.AsMemory(0, SliceBytes));
        await Eventually.TrueAsync(() => origin.ConnectionCount == 1, "the upload is on its way to the origin");

        Task<int> stopped = product.StopAsync();
        await product.LineAsync("event=stopping");
        await client.SendAsync(content.AsMemory(SliceBytes));

        Assert.Equal(201, (await client.ReadResponseAsync()).StatusCode);
        Assert.Equal(content, Assert.Single(origin.Requests).Body);
        Assert.Equal(0, await stopped);
        AssertCleanLog(product);
    }

    [Theory]
    [InlineData("/sliced/file")]
    [InlineData("/through/file")]
    [Trait("Behaviour", "B49")]
    [Trait("Behaviour", "B67")]
    public async Task Client_that_does_not_read_is_ended_after_the_shutdown_timeout(string target)
    {
        var file = new RangeFile(1L << 30);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await StartProductAsync(origin, shutdown: "1s");
        using var client = await RawClient.ConnectAsync(product.EndPoint, receiveBufferBytes: 4 << 10);
        await client.SendAsync(RawClient.Request("GET", target));
        await client.ReadHeadAsync();
        await Settled.RisingAsync(() => file.ContentBytesSent, "bytes sent by the origin");

        Assert.Equal(0, await product.StopAsync());

        AssertCleanLog(product, cutOff: 1);
        await client.ExpectResetAsync();
    }

    [Theory]
    [InlineData("/sliced/file")]
    [InlineData("/through/file")]
    public async Task Origin_that_does_not_answer_is_left_after_the_shutdown_timeout(string target)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.WaitAsync(new TaskCompletionSource().Task));
        await using var product = await StartProductAsync(origin, shutdown: "1s");
        using var client = await RawClient.ConnectAsync(product.EndPoint);
        await client.SendAsync(RawClient.Request("GET", target));
        await origin.RequestsArrivedAsync(1);

        Assert.Equal(0, await product.StopAsync());

        AssertCleanLog(product, cutOff: 1);
        await client.ExpectResetAsync();
    }

    [Fact]
    [Trait("Behaviour", "B49")]
    public async Task Idle_connection_is_closed_soon()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        await using var product = await StartProductAsync(origin, shutdown: "1h");
        using var client = await RawClient.ConnectAsync(product.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/health"));
        Assert.Null((await client.ReadResponseAsync()).Field("Connection"));

        Assert.Equal(0, await product.StopAsync());

        await client.ExpectClosedAsync();
        AssertCleanLog(product);
    }

    [Theory]
    [InlineData(false, "PROXY TCP4 ")]
    [InlineData(true, "PROXY TCP4 ")]
    [InlineData(true, ProxyHeader)]
    [Trait("Behaviour", "B49")]
    public async Task Connection_that_has_not_come_to_a_request_is_closed_at_once(bool isTls, string sent)
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        using var authority = new TestAuthority();
        using var directory = new TestDirectory("stop");
        string certificate = directory.Combine("proxy.pem");
        await File.WriteAllTextAsync(certificate, authority.IssuePem("stop.example"), TestContext.Current.CancellationToken);
        await using var product = await ProductProcess.StartAsync($$$"""
            listen_address: 127.0.0.1:{{port}}
            upstream_address: {{{origin.Authority}}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            proxy_protocol:
              enabled: true
              trusted_addresses: [127.0.0.1]
            tls:
              listen_address: 127.0.0.1:0
              certificate: {{{certificate}}}
              key: {{{certificate}}}
            timeouts:
              request_head: 1h
              shutdown: 1h
            """, new Dictionary<string, string>(), AnswersBehindABalancerAsync);
        var endPoint = isTls ? await product.TlsEndPointAsync() : product.EndPoint;
        using var client = await RawClient.ConnectAsync(endPoint);
        await client.SendAsync(sent);

        // Accepted after it, so it has been accepted too.
        using var next = await RawClient.ConnectAsync(endPoint);
        await next.SendAsync("nonsense\r\n");
        Assert.Equal("", await next.ReadToCloseAsync());

        Assert.Equal(0, await product.StopAsync());

        Assert.Equal("", await client.ReadToCloseAsync());
        Assert.DoesNotContain(product.Lines, line => line.Contains("in time", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Behaviour", "B49")]
    public async Task Health_turns_503_while_draining(bool onMetricsPort)
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.WaitAsync(hold.Task);
            await exchange.RespondAsync("200 OK");
        });
        await using var product = await StartProductAsync(origin);

        // Without a download that goes on, there is nothing to drain: the metrics port ends two seconds later, whoever is at it.
        Task<RawResponse> download = RawClient.GetAsync(product.EndPoint, "/through/file");
        await origin.RequestsArrivedAsync(1);
        using var client = await RawClient.ConnectAsync(onMetricsPort ? product.MetricsEndPoint : product.EndPoint);

        // One and a half requests in one segment: whoever answered the first has seen the beginning of the second, and waits for its end.
        string request = RawClient.Request("GET", "/health");
        await client.SendAsync(request + request[..20]);
        Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);
        Task<int> stopped = product.StopAsync();
        await product.LineAsync("event=stopping");
        await client.SendAsync(request[20..]);

        RawResponse draining = await client.ReadResponseAsync();
        Assert.Equal(503, draining.StatusCode);
        Assert.Contains("\"status\":\"draining\"", draining.BodyText, StringComparison.Ordinal);
        hold.SetResult();
        Assert.Equal(200, (await download).StatusCode);
        await client.ExpectClosedAsync();
        Assert.Equal(0, await stopped);
        AssertCleanLog(product);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--drain-delay=1h")]
    [Trait("Behaviour", "B67")]
    public async Task Delay_takes_connections_and_tells_balancers_503_until_it_is_over(string argument)
    {
        await using var origin = ScriptedOrigin.Start(new RangeFile(SliceBytes).AnswerAsync);
        await using var product = await ProductProcess.StartAsync($$$"""
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            upstream_address: {{{origin.Authority}}}
            timeouts:
              drain_delay: {{{(argument.Length == 0 ? "1h" : "0s")}}}
            """, null, argument.Length == 0 ? [] : [argument]);

        product.Signal(SigTerm);
        await product.LineAsync("event=draining");

        Assert.Equal(503, (await RawClient.GetAsync(product.EndPoint, "/health")).StatusCode);
        Assert.Equal(503, (await RawClient.GetAsync(product.MetricsEndPoint, "/health")).StatusCode);
        Assert.Equal(200, (await RawClient.GetAsync(product.EndPoint, "/file")).StatusCode);
        Assert.DoesNotContain(product.Lines, line => line.Contains("event=stopping", StringComparison.Ordinal));

        // Who says it twice wants no delay.
        Assert.Equal(0, await product.StopAsync());
        Assert.Contains("event=stopping", product.Lines[^2], StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Metrics_port_closes_last_and_shows_what_is_left()
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var file = new RangeFile(SliceBytes) { Fault = _ => new RangeFault { PauseAfterBytes = 1000, BodyGate = hold.Task } };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await StartProductAsync(origin);
        using var client = await RawClient.ConnectAsync(product.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/through/file"));
        await client.ReadHeadAsync();

        Task<int> stopped = product.StopAsync();
        await NewConnectionsRefusedAsync(product);

        Assert.Contains(
            "\npingora_slice_active_requests 1\n",
            (await RawClient.GetAsync(product.MetricsEndPoint, "/metrics")).BodyText,
            StringComparison.Ordinal);
        hold.SetResult();
        Assert.Equal(SliceBytes, (await client.ReadBytesAsync(SliceBytes)).Length);
        Assert.Equal(0, await stopped);
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Request_that_was_on_its_way_is_answered_and_is_the_last_of_its_connection()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        await using var product = await StartProductAsync(origin);
        using var client = await RawClient.ConnectAsync(product.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/health"));
        Assert.Null((await client.ReadResponseAsync()).Field("Connection"));

        Task<int> stopped = product.StopAsync();
        RawResponse last;
        do
        {
            // A busy client: the next request is under way as soon as the last one is answered, whatever the process is at.
            await client.SendAsync(RawClient.Request("GET", "/health"));
            last = await client.ReadResponseAsync();
        }
        while (last.Field("Connection") is null);

        Assert.Equal((503, "close"), (last.StatusCode, last.Field("Connection")));
        await client.ExpectClosedAsync();
        Assert.Equal(0, await stopped);
        AssertCleanLog(product);
    }

    [Fact]
    public async Task Interrupt_from_the_keyboard_stops_as_cleanly()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        await using var product = await StartProductAsync(origin);

        product.Signal(SigInt);

        Assert.Equal(0, await product.ExitedAsync());
        AssertCleanLog(product);
    }
}
