using System.Net;
using System.Net.Sockets;
using Slice.Tests.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What systemd hears from a unit of <c>Type=notify</c>: a datagram socket stands in for it.</summary>
public sealed class ServiceManagerTests
{
    // No test here lets a request through, so nothing needs to answer at the origin.
    private const string Configuration = """
        listen_address: 127.0.0.1:{{port}}
        metrics_endpoint:
          address: 127.0.0.1:{{metrics_port}}
        upstream_address: 127.0.0.1:9
        """;

    private static Socket Listen(string address)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(address));
        return socket;
    }

    // The status comes every few seconds, whenever that is.
    private static string? Receive(Socket manager, TimeSpan within)
    {
        string? told = ReceiveAny(manager, within);
        return told?.StartsWith("STATUS=", StringComparison.Ordinal) == true ? Receive(manager, within) : told;
    }

    private static string? ReceiveAny(Socket manager, TimeSpan within)
    {
        byte[] state = new byte[512];
        return manager.Poll(within, SelectMode.SelectRead) ? Wire.Text(state.AsSpan(0, manager.Receive(state))) : null;
    }

    private static Task<ProductProcess> StartAsync(string notifySocket, Func<int, Task<bool>>? isReady = null)
        => ProductProcess.StartAsync(Configuration, new Dictionary<string, string> { ["NOTIFY_SOCKET"] = notifySocket }, isReady);

    private static async Task<int> HealthAsync(int port) =>
        (await RawClient.GetAsync(new IPEndPoint(IPAddress.Loopback, port), "/health")).StatusCode;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ready_is_told_once_health_answers_and_stopping_after_the_signal(bool isAbstract)
    {
        using var directory = new TestDirectory("notify");
        string path = directory.Combine("notify");
        using Socket manager = Listen(isAbstract ? "\0" + path : path);
        await using var product = await StartAsync(isAbstract ? "@" + path : path, async port =>
        {
            // Awake with the datagram, so that a health check that came too early would show. The limit lets an early end be noticed.
            if (Receive(manager, within: TimeSpan.FromMilliseconds(100)) is not { } first)
            {
                return false;
            }

            Assert.Equal("READY=1", first);
            Assert.Equal(200, await HealthAsync(port));
            return true;
        });

        Task<int> stopped = product.StopAsync();

        Assert.Equal("STOPPING=1", Receive(manager, Deadline.Default));
        Assert.Equal(0, await stopped);
        Assert.Null(Receive(manager, TimeSpan.Zero));
    }

    [Fact]
    public async Task Reload_right_after_ready_is_a_reload()
    {
        using var directory = new TestDirectory("notify");
        using Socket manager = Listen(directory.Combine("notify"));
        await using var product = await StartAsync(
            directory.Combine("notify"), _ => Task.FromResult(Receive(manager, within: TimeSpan.FromMilliseconds(100)) == "READY=1"));

        product.Signal(1);

        await product.LineAsync("event=reloaded");
        Assert.Matches("^RELOADING=1\nMONOTONIC_USEC=[0-9]+$", Receive(manager, Deadline.Default));
        Assert.Equal("READY=1", Receive(manager, Deadline.Default));
        Assert.Equal(0, await product.StopAsync());
    }

    [Fact]
    public async Task Watchdog_is_told_again_and_again_and_the_status_once_while_nothing_changes()
    {
        using var directory = new TestDirectory("notify");
        using Socket manager = Listen(directory.Combine("notify"));
        await using var product = await ProductProcess.StartAsync(
            Configuration,
            new Dictionary<string, string> { ["NOTIFY_SOCKET"] = directory.Combine("notify"), ["WATCHDOG_USEC"] = "1000000" },
            _ => Task.FromResult(Receive(manager, within: TimeSpan.FromMilliseconds(100)) == "READY=1"));

        List<string?> told = [];
        while (told.Count(word => word == "WATCHDOG=1") < 15)
        {
            told.Add(ReceiveAny(manager, Deadline.Default));
        }

        string status = Assert.Single(told, word => word != "WATCHDOG=1")!;
        Assert.Equal(
            "STATUS=0 requests running, 0 answered; no slices yet; cache 256 MiB in memory, 0 B used", status);
        Assert.Contains(
            "\npingora_slice_requests_total 0\n",
            (await RawClient.GetAsync(product.MetricsEndPoint, "/metrics")).BodyText,
            StringComparison.Ordinal);
        Assert.Equal(0, await product.StopAsync());
        Assert.DoesNotContain(product.Lines, line => line.Contains("watchdog_probe_failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Manager_that_does_not_listen_is_a_warning_and_the_proxy_serves()
    {
        using var directory = new TestDirectory("notify");
        await using var product = await StartAsync(directory.Combine("nobody"));

        await product.LineAsync("level=warn event=notify_failed state=\"READY=1\"");
        Assert.Equal(0, await product.StopAsync());
    }

    // Full before the product says its first word: each of them would wait for ever.
    [Fact]
    public async Task Manager_that_does_not_read_holds_up_neither_reload_nor_stop()
    {
        using var manager = new NotifyQueue();
        manager.Fill();
        await using var product = await StartAsync(manager.Address);

        product.Signal(1);

        await product.LineAsync("event=reloaded");
        Assert.Equal(0, await product.StopAsync());
        Assert.Empty(manager.ReadAll());
    }
}
