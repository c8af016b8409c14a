using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Slice.Tests.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>SIGUSR2: another process takes over without a client noticing, or nothing has happened.</summary>
public sealed partial class BinaryUpgradeTests
{
    private const int SigKill = 9;
    private const int SigUsr2 = 12;
    private const int SigTerm = 15;

    private static string Configuration(ScriptedOrigin origin) => $$$"""
        listen_address: 127.0.0.1:{{port}}
        metrics_endpoint:
          address: 127.0.0.1:{{metrics_port}}
        upstream_address: {{{origin.Authority}}}
        """;

    [GeneratedRegex("event=upgrade_done pid=([0-9]+)")]
    private static partial Regex Done();

    private static async Task<int> UpgradedAsync(ProductProcess product) =>
        int.Parse(Done().Match(await product.LineAsync("event=upgrade_done")).Groups[1].Value, CultureInfo.InvariantCulture);

    // proc_pid_stat(5): the fourth field, behind a name in parentheses.
    private static int ParentOf(int processId)
    {
        string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static Task EndedAsync(ProductProcess product) =>
        Eventually.TrueAsync(() => product.HasExited, () => "the process ends:\n" + string.Join('\n', product.Lines));

    // One request after the other, on connections of their own and on one that is kept, until told to stop.
    private static async Task<int> AskAsync(ProductProcess product, CancellationToken until)
    {
        int answered = 0;
        var kept = await RawClient.ConnectAsync(product.EndPoint);
        while (!until.IsCancellationRequested)
        {
            Assert.Equal(200, (await RawClient.GetAsync(product.EndPoint, "/health", "Connection: close")).StatusCode);
            await kept.SendAsync(RawClient.Request("GET", "/file"));
            RawResponse? response = null;
            try
            {
                response = await kept.ReadResponseAsync();
                Assert.Equal(200, response.StatusCode);
            }
            catch (EndOfStreamException closed) when (closed.Message.StartsWith("closed instead", StringComparison.Ordinal))
            {
                // Nothing had been asked for a second, on a busy machine: as any client does, once more on a new connection.
            }

            if (response is null || response.Field("Connection") == "close")
            {
                kept.Dispose();
                kept = await RawClient.ConnectAsync(product.EndPoint);
            }

            answered += 2;
        }

        kept.Dispose();
        return answered;
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task New_process_serves_the_same_ports_and_the_old_one_ends_with_its_last_download()
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var file = new RangeFile(100_000)
        {
            Fault = exchange => exchange.Request.Target == "/slow" ? new RangeFault { PauseAfterBytes = 1000, BodyGate = hold.Task } : null,
        };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await ProductProcess.StartAsync(Configuration(origin));
        using var sink = new VerifyingSink(file.Content);
        Task<RawResponse> download = RawClient.GetVerifiedAsync(product.EndPoint, "/slow", sink, Deadline.Default);
        await origin.RequestsArrivedAsync(1);
        using var idle = await RawClient.ConnectAsync(product.EndPoint);
        using var enough = new CancellationTokenSource();
        Task<int> asking = AskAsync(product, enough.Token);

        product.Signal(SigUsr2);
        int successor = await UpgradedAsync(product);
        try
        {
            // The manager's own child, whoever that is here: of others it would not wait for the end.
            Assert.NotEqual(product.ProcessId, ParentOf(successor));

            // The new process has none of the old one's connections: their end is their end.
            await idle.ExpectClosedAsync();
            Assert.False(product.HasExited);
            Assert.Contains(
                "\npingora_slice_active_requests ",
                (await RawClient.GetAsync(product.MetricsEndPoint, "/metrics")).BodyText,
                StringComparison.Ordinal);
            hold.SetResult();
            Assert.Equal(200, (await download).StatusCode);
            Assert.Equal(file.LengthBytes, sink.Count);
            await EndedAsync(product);
            Assert.Equal(0, product.ExitCode);

            await enough.CancelAsync();
            Assert.InRange(await asking, 2, int.MaxValue);
            ChildProcess.SignalSuccessor(successor, SigTerm);
            await Eventually.TrueAsync(
                () => product.Lines.Count(line => line.Contains("event=stopped", StringComparison.Ordinal)) == 2, "both have ended");
            await Assert.ThrowsAsync<SocketException>(() => RawClient.ConnectAsync(product.EndPoint));
        }
        catch
        {
            ChildProcess.SignalSuccessor(successor, SigKill);
            throw;
        }
    }

    // The old process has the directory until its last download is done. What is purged meanwhile does not come back with the directory.
    [Fact]
    [Trait("Behaviour", "B67")]
    [Trait("Behaviour", "B70")]
    public async Task New_process_takes_over_the_cache_directory_when_the_old_one_is_done()
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var file = new RangeFile(100_000)
        {
            Fault = exchange => exchange.Request.Target == "/slow" ? new RangeFault { PauseAfterBytes = 1000, BodyGate = hold.Task } : null,
        };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await ProductProcess.StartAsync(
            Configuration(origin) + "\nenable_l2_cache: true\ncache_size: 64MiB\nl2_cache_dir: {{dir}}/cache");
        Assert.Equal(200, (await RawClient.GetAsync(product.EndPoint, "/kept")).StatusCode);
        Assert.Equal(200, (await RawClient.GetAsync(product.EndPoint, "/purged/file")).StatusCode);
        Assert.Equal(200, (await RawClient.GetAsync(product.EndPoint, "/one")).StatusCode);
        using var sink = new VerifyingSink(file.Content);
        Task<RawResponse> download = RawClient.GetVerifiedAsync(product.EndPoint, "/slow", sink, Deadline.Default);
        await Eventually.TrueAsync(() => origin.Requests.Any(request => request.Target == "/slow"), () => "the download is under way");

        product.Signal(SigUsr2);
        int successor = await UpgradedAsync(product);
        try
        {
            await product.LineAsync("event=cache_waits");
            Assert.Contains(
                string.Create(CultureInfo.InvariantCulture, $", process {product.ProcessId}) finishes its downloads and has "),
                (await RawClient.GetAsync(product.MetricsEndPoint, "/health")).BodyText,
                StringComparison.Ordinal);
            Assert.DoesNotContain(product.Lines, line => line.Contains("event=cache_moved_in", StringComparison.Ordinal));
            using (var operatorsClient = await RawClient.ConnectAsync(product.MetricsEndPoint))
            {
                await operatorsClient.SendAsync(RawClient.Request("PURGE", "/purged/", "X-Purge-Pattern: prefix"));
                Assert.Equal(200, (await operatorsClient.ReadResponseAsync()).StatusCode);
                await operatorsClient.SendAsync(RawClient.Request("PURGE", "/one"));
                Assert.Equal(200, (await operatorsClient.ReadResponseAsync()).StatusCode);
            }

            hold.SetResult();
            Assert.Equal(200, (await download).StatusCode);
            await EndedAsync(product);
            await product.LineAsync("event=cache_moved_in");
            int asked = file.RequestCount;
            Assert.Equal("HIT", (await RawClient.GetAsync(product.EndPoint, "/kept")).Field("X-Cache"));
            Assert.Equal(asked, file.RequestCount);
            Assert.Equal("MISS", (await RawClient.GetAsync(product.EndPoint, "/purged/file")).Field("X-Cache"));
            Assert.Equal("MISS", (await RawClient.GetAsync(product.EndPoint, "/one")).Field("X-Cache"));
        }
        finally
        {
            ChildProcess.SignalSuccessor(successor, SigKill);
        }
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task New_process_that_does_not_start_changes_nothing()
    {
        var file = new RangeFile(1000);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await ProductProcess.StartAsync(Configuration(origin));
        string path = Path.Combine(product.DirectoryPath, "pingora_slice.yaml");
        string working = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(path, "slice_size: 1", TestContext.Current.CancellationToken);

        product.Signal(SigUsr2);

        string line = await product.LineAsync("event=upgrade_failed");
        Assert.Contains("level=error", line, StringComparison.Ordinal);
        Assert.Contains("exit code 78", line, StringComparison.Ordinal);
        Assert.Equal(200, (await RawClient.GetAsync(product.EndPoint, "/health")).StatusCode);
        Assert.Equal(200, (await RawClient.GetAsync(product.MetricsEndPoint, "/health")).StatusCode);
        Assert.Equal(200, (await RawClient.GetAsync(product.EndPoint, "/file")).StatusCode);

        // And the next upgrade is one.
        await File.WriteAllTextAsync(path, working, TestContext.Current.CancellationToken);
        product.Signal(SigUsr2);
        int successor = await UpgradedAsync(product);
        await EndedAsync(product);
        Assert.Equal(200, (await RawClient.GetAsync(product.EndPoint, "/file")).StatusCode);
        ChildProcess.SignalSuccessor(successor, SigTerm);
    }

    [Fact]
    public async Task Service_manager_hears_of_the_new_process_before_it_hears_from_it()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        using var directory = new TestDirectory("upgrade");
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(directory.Combine("notify")));
        await using var product = await ProductProcess.StartAsync(
            Configuration(origin), new Dictionary<string, string> { ["NOTIFY_SOCKET"] = directory.Combine("notify") });

        product.Signal(SigUsr2);
        int successor = await UpgradedAsync(product);
        await EndedAsync(product);
        await Eventually.TrueAsync(
            () => product.Lines.Count(line => line.Contains("event=listening", StringComparison.Ordinal)) == 2, "the new one listens");

        List<string> told = [];
        while (told.Count(word => word == "READY=1") < 2)
        {
            byte[] state = new byte[512];
            Assert.True(manager.Poll(Deadline.Default, SelectMode.SelectRead));
            told.Add(Wire.Text(state.AsSpan(0, manager.Receive(state))));
        }

        told.RemoveAll(word => word.StartsWith("STATUS=", StringComparison.Ordinal));
        Assert.Equal(["READY=1", $"MAINPID={successor}", "READY=1"], told);
        ChildProcess.SignalSuccessor(successor, SigTerm);
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Service_manager_that_does_not_read_holds_up_no_upgrade()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        using var manager = new NotifyQueue();
        await using var product = await ProductProcess.StartAsync(
            Configuration(origin), new Dictionary<string, string> { ["NOTIFY_SOCKET"] = manager.Address });
        manager.Fill();

        product.Signal(SigUsr2);
        int successor = await UpgradedAsync(product);
        await EndedAsync(product);

        Assert.Equal(0, product.ExitCode);
        Assert.Equal(200, (await RawClient.GetAsync(product.EndPoint, "/health")).StatusCode);
        ChildProcess.SignalSuccessor(successor, SigTerm);
    }

    [Theory]
    [InlineData("ready:77 go:78 socket:79")]
    [InlineData("nonsense")]
    public async Task Variable_that_another_process_has_left_is_a_line_and_the_proxy_serves(string left)
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        await using var product = await ProductProcess.StartAsync(
            Configuration(origin), new Dictionary<string, string> { ["PINGORA_SLICE_UPGRADE"] = left });

        await product.LineAsync("ignored in the environment, no process");
        Assert.Equal(0, await product.StopAsync());
    }
}
