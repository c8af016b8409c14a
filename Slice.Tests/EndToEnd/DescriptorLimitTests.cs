using System.Diagnostics;
using System.Net;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// The process at its limit of file descriptors: nothing spins, the metrics port answers, a request without a connection to the origin
/// fails alone, and all is well again when clients leave.
/// </summary>
public sealed class DescriptorLimitTests : IAsyncLifetime
{
    private readonly List<RawClient> _clients = [];
    private ScriptedOrigin _origin = null!;

    private string Configuration => ConfigurationOf("127.0.0.1");

    private string ConfigurationOf(string host) =>
        $"upstream_address: {host}:{_origin.Port}\nmax_retries: 0\n"
        + "listen_address: 127.0.0.1:{{port}}\nmetrics_endpoint:\n  address: 127.0.0.1:{{metrics_port}}\n";

    // The origin keeps no connection, so that each request needs a descriptor.
    public ValueTask InitializeAsync()
    {
        _origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: no-store\r\nConnection: close\r\n\r\nok"));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        CloseClients();
        await _origin.DisposeAsync();
    }

    private void CloseClients()
    {
        _clients.ForEach(client => client.Dispose());
        _clients.Clear();
    }

    private async Task ConnectAsync(IPEndPoint endPoint, int count)
    {
        for (int i = 0; i < count; i++)
        {
            _clients.Add(await RawClient.ConnectAsync(endPoint));
        }
    }

    private static async Task<int> StatusAsync(IPEndPoint endPoint, string target) =>
        (await RawClient.GetAsync(endPoint, target, "Connection: close")).StatusCode;

    private static async Task<int> StatusAsync(RawClient client, string target)
    {
        await client.SendAsync(RawClient.Request("GET", target));
        return (await client.ReadResponseAsync()).StatusCode;
    }

    [Fact]
    [Trait("Behaviour", "B55")]
    public async Task Few_descriptors_at_the_start_lower_max_connections_and_both_ports_answer_after_a_flood()
    {
        await using var product = await ProductProcess.StartAsync(
            ["/bin/sh", "-c", "ulimit -n 256; exec \"$0\" \"$@\"", .. ProductProcess.Command], Configuration, null, []);

        string line = await product.LineAsync("event=option_lowered");
        Assert.Contains("limits.max_connections", line, StringComparison.Ordinal);
        Assert.Contains("10000", line, StringComparison.Ordinal);
        Assert.Contains("RLIMIT_NOFILE", line, StringComparison.Ordinal);

        await ConnectAsync(product.EndPoint, 400);
        Assert.Equal(200, await StatusAsync(product.MetricsEndPoint, "/health"));
        CloseClients();

        await Eventually.TrueAsync(
            async () => await StatusAsync(product.EndPoint, "/health") == 200, () => "the proxy port answers when clients have left");
        Assert.False(product.HasExited);
    }

    // A name is looked up for each connection, and the resolver needs descriptors too.
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [Trait("Behaviour", "B55")]
    public async Task No_descriptor_left_makes_nothing_spin_and_all_is_well_when_clients_leave(string host)
    {
        await using var product = await ProductProcess.StartAsync(ConfigurationOf(host), RuntimeThreads.FixedNumber);
        using var kept = await RawClient.ConnectAsync(product.EndPoint);
        Assert.Equal(200, await StatusAsync(kept, "/first"));
        Assert.Equal(200, await StatusAsync(product.MetricsEndPoint, "/health"));
        await RuntimeThreads.AllStartedAsync(product.ProcessId, () => StatusAsync(product.EndPoint, "/health"));

        // What is run under dotnet opens files for code that it has not used yet, so nothing new is asked of it from here on.
        DescriptorLimit.LeaveRoom(product.ProcessId, 64);
        await ConnectAsync(product.EndPoint, 200);
        await product.LineAsync("event=descriptors_short");

        Assert.Equal(503, await StatusAsync(kept, "/second"));
        for (int probe = 0; probe < 10; probe++)
        {
            Assert.Equal(200, await StatusAsync(product.MetricsEndPoint, "/health"));
        }

        Assert.InRange(await CpuOfOneSecondAsync(product.ProcessId), TimeSpan.Zero, TimeSpan.FromSeconds(0.3));

        CloseClients();
        Assert.Equal(200, await StatusAsync(product.EndPoint, "/health"));
        Assert.Equal(200, await StatusAsync(kept, "/third"));
        Assert.Single(product.Lines, line => line.Contains("event=descriptors_short", StringComparison.Ordinal));
        Assert.Equal(0, await product.StopAsync());
    }

    // A busy loop would take the whole of a core.
    private static async Task<TimeSpan> CpuOfOneSecondAsync(int processId)
    {
        using var process = Process.GetProcessById(processId);
        var before = process.TotalProcessorTime;
        long startedAt = Stopwatch.GetTimestamp();
        await Eventually.TrueAsync(() => Stopwatch.GetElapsedTime(startedAt) > TimeSpan.FromSeconds(1), "a second");
        process.Refresh();
        return process.TotalProcessorTime - before;
    }
}
