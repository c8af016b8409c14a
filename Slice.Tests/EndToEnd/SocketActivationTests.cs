using System.Net;
using System.Net.Sockets;
using Slice.Host.Machine;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Sockets that the service manager holds (LISTEN_FDS): the test listens in its place, so that clients who connect while no process runs
/// wait for the next.
/// </summary>
public sealed class SocketActivationTests : IDisposable
{
    private const int CannotStart = 1;

    private readonly Socket _held = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly IPEndPoint _endPoint;

    public SocketActivationTests()
    {
        _held.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _held.Listen();
        _endPoint = (IPEndPoint)_held.LocalEndPoint!;
        Assert.True(NativeDescriptors.Bequeath(_held.SafeHandle));
    }

    public void Dispose() => _held.Dispose();

    // As systemd starts a service: the socket is descriptor 3, and the process is the one that LISTEN_PID names.
    private string[] Command(string name) =>
    [
        "bash", "-c",
        $"exec 3<&{_held.SafeHandle.DangerousGetHandle()}; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={name}; exec \"$@\"",
        "bash", .. ProductProcess.Command,
    ];

    private Task<ProductProcess> StartAsync(ScriptedOrigin origin, string shutdown = "30s") => ProductProcess.StartAsync(
        Command("proxy"),
        $$$"""
        listen_address: {{{_endPoint}}}
        metrics_endpoint:
          address: 127.0.0.1:{{metrics_port}}
        upstream_address: {{{origin.Authority}}}
        timeouts:
          shutdown: {{{shutdown}}}
        """,
        null,
        [],
        _endPoint.Port);

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Client_that_connects_while_no_process_runs_is_answered_by_the_next()
    {
        var file = new RangeFile(1000);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using (var first = await StartAsync(origin))
        {
            Assert.Equal(200, (await RawClient.GetAsync(_endPoint, "/file")).StatusCode);
            Assert.Equal(0, await first.StopAsync());
        }

        using var client = await RawClient.ConnectAsync(_endPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        await using var second = await StartAsync(origin);

        Assert.Equal(TestContent.Bytes(0, 1000, file.Seed), (await client.ReadResponseAsync()).Body);
        Assert.Equal(0, await second.StopAsync());
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Clients_are_served_while_a_download_of_before_the_stop_runs()
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var file = new RangeFile(100_000)
        {
            Fault = exchange => exchange.Request.Target == "/slow" ? new RangeFault { PauseAfterBytes = 1000, BodyGate = hold.Task } : null,
        };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await StartAsync(origin, shutdown: "1h");
        using var sink = new VerifyingSink(file.Content);
        Task<RawResponse> download = RawClient.GetVerifiedAsync(_endPoint, "/slow", sink, Deadline.Default);
        await origin.RequestsArrivedAsync(1);

        Task<int> stopped = product.StopAsync();
        await product.LineAsync("event=stopping");

        Assert.Equal(503, (await RawClient.GetAsync(_endPoint, "/health")).StatusCode);
        Assert.Equal(200, (await RawClient.GetAsync(_endPoint, "/file")).StatusCode);

        // A kept connection would be waited for once this process accepts no more, and all who come then with it.
        using (var late = await RawClient.ConnectAsync(_endPoint))
        {
            await late.SendAsync(RawClient.Request("GET", "/file"));
            Assert.Equal("close", (await late.ReadResponseAsync()).Field("Connection"));
            await late.ExpectClosedAsync();
        }

        Assert.False(product.HasExited);
        hold.SetResult();
        Assert.Equal(200, (await download).StatusCode);
        Assert.Equal(file.LengthBytes, sink.Count);
        Assert.Equal(0, await stopped);
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Clients_are_served_while_a_download_runs_that_began_behind_the_stop()
    {
        var before = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var behind = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var file = new RangeFile(100_000)
        {
            Fault = exchange => exchange.Request.Target switch
            {
                "/before" => new RangeFault { PauseAfterBytes = 1000, BodyGate = before.Task },
                "/behind" => new RangeFault { PauseAfterBytes = 1000, BodyGate = behind.Task },
                _ => null,
            },
        };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await StartAsync(origin, shutdown: "1h");
        using var firstSink = new VerifyingSink(file.Content);
        Task<RawResponse> first = RawClient.GetVerifiedAsync(_endPoint, "/before", firstSink, Deadline.Default);
        await origin.RequestsArrivedAsync(1);
        Task<int> stopped = product.StopAsync();
        await product.LineAsync("event=stopping");
        using var secondSink = new VerifyingSink(file.Content);
        Task<RawResponse> second = RawClient.GetVerifiedAsync(_endPoint, "/behind", secondSink, Deadline.Default);
        await origin.RequestsArrivedAsync(2);

        before.SetResult();
        await first;

        // Each would wait for the second download in the queue of the socket.
        for (int client = 0; client < 20; client++)
        {
            Assert.Equal(200, (await RawClient.GetAsync(_endPoint, "/file")).StatusCode);
        }

        Assert.False(product.HasExited);
        behind.SetResult();
        Assert.Equal(200, (await second).StatusCode);
        Assert.Equal((file.LengthBytes, file.LengthBytes), (firstSink.Count, secondSink.Count));
        Assert.Equal(0, await stopped);
    }

    [Fact]
    public async Task Address_that_differs_from_the_sockets_is_named_and_nothing_starts()
    {
        using var directory = new TestDirectory("activation");
        string configuration = directory.Combine("pingora_slice.yaml");
        await File.WriteAllTextAsync(
            configuration,
            "upstream_address: 127.0.0.1:9\nlisten_address: 127.0.0.1:1\nmetrics_endpoint: {enabled: false}",
            TestContext.Current.CancellationToken);
        string[] command = Command("proxy");
        using var process = ChildProcess.Start(command[0], [.. command.Skip(1), configuration], "bash");

        Assert.Equal(CannotStart, await process.ExitedAsync());
        string line = Assert.Single(process.Lines);
        Assert.Contains(
            $"systemd listens on {_endPoint} as proxy, but listen_address is 127.0.0.1:1", line, StringComparison.Ordinal);
    }
}
