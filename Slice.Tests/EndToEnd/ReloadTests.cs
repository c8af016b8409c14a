using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>SIGHUP, as <c>systemctl reload</c> sends it: what can change changes, what cannot is named, and nobody is disturbed.</summary>
public sealed class ReloadTests
{
    private const int SigHup = 1;

    private static async Task<ProductProcess> StartProductAsync(ScriptedOrigin origin, params string[] arguments)
    {
        ProductProcess product = await ProductProcess.StartAsync(
            $$$"""
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            upstream_address: {{{origin.Authority}}}
            slice_size: 64KiB
            purge:
              enabled: true
              auth_token: first-secret
            log_level: info
            """,
            directory: null,
            arguments);

        // It may come after the first answer, and must not be taken for a line of the reload.
        await product.LineAsync("event=listening");
        return product;
    }

    private static string FileOf(ProductProcess product) => Path.Combine(product.DirectoryPath, "pingora_slice.yaml");

    private static void Edit(ProductProcess product, string old, string @new)
    {
        string yaml = File.ReadAllText(FileOf(product));
        Assert.Contains(old, yaml, StringComparison.Ordinal);
        File.WriteAllText(FileOf(product), yaml.Replace(old, @new, StringComparison.Ordinal));
    }

    // The lines that a reload wrote, known by the last of them.
    private static async Task<IReadOnlyList<string>> ReloadAsync(ProductProcess product, string lastLine)
    {
        int before = product.Lines.Count;
        product.Signal(SigHup);
        await Eventually.TrueAsync(
            () => product.Lines.Skip(before).Any(line => line.Contains(lastLine, StringComparison.Ordinal)),
            () => $"a line with '{lastLine}' in:\n{string.Join('\n', product.Lines)}");
        return [.. product.Lines.Skip(before)];
    }

    private static async Task AssertServesAsync(ProductProcess product, RangeFile file, string target)
    {
        using var sink = new VerifyingSink(file.Content);
        await RawClient.GetVerifiedAsync(product.EndPoint, target, sink, Deadline.Default);
        Assert.Equal(file.LengthBytes, sink.Count);
    }

    [Fact]
    [Trait("Behaviour", "B49")]
    public async Task Log_level_takes_effect_at_once()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        await using var product = await StartProductAsync(origin);
        Edit(product, "log_level: info", "log_level: debug");

        string line = Assert.Single(await ReloadAsync(product, "event=reloaded"));
        Assert.Contains(" applied=log_level waiting=none overridden=none ", line, StringComparison.Ordinal);

        // A client's fault is logged at debug.
        using var client = await RawClient.ConnectAsync(product.EndPoint);
        await client.SendAsync("GET / HTTP/1.1\r\n\r\n");
        Assert.Equal(400, (await client.ReadResponseAsync()).StatusCode);
        await product.LineAsync("level=debug event=");
        Assert.Equal(0, await product.StopAsync());
    }

    [Fact]
    public async Task Report_is_written_when_either_level_shows_it()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        await using var product = await StartProductAsync(origin);

        Edit(product, "log_level: info", "log_level: error");
        Assert.Single(await ReloadAsync(product, "applied=log_level"));
        Edit(product, "log_level: error", "log_level: info");
        Assert.Single(await ReloadAsync(product, "applied=log_level"));
        Assert.Equal(0, await product.StopAsync());
    }

    [Fact]
    public async Task Level_of_errors_leaves_an_orderly_end_unmentioned()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        await using var product = await StartProductAsync(origin);
        Edit(product, "log_level: info", "log_level: error");
        await ReloadAsync(product, "applied=log_level");

        // The level changes after that line; one reload ends before the next begins, so that with the line of another one it has changed.
        File.Delete(FileOf(product));
        await ReloadAsync(product, "event=reload_refused");
        int before = product.Lines.Count;
        Assert.Equal(0, await product.StopAsync());

        Assert.Equal(before, product.Lines.Count);
    }

    [Fact]
    public async Task Changed_keys_are_named_as_applied_or_waiting_and_their_secrets_are_not_shown()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        await using var product = await StartProductAsync(origin);
        Edit(product, $"address: 127.0.0.1:{product.MetricsPort}", "address: 127.0.0.1:0");
        Edit(product, "first-secret", "second-secret");
        Edit(product, "log_level: info", "enable_cache: false\nlog_level: info");

        string line = Assert.Single(await ReloadAsync(product, "event=reloaded"));

        const string named = "applied=purge.auth_token waiting=\"enable_cache, metrics_endpoint.address\" overridden=none";
        Assert.Contains(named, line, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", line, StringComparison.Ordinal);

        // What waits does not take effect: the metrics are where they were.
        Assert.Equal(200, (await RawClient.GetAsync(product.MetricsEndPoint, "/metrics")).StatusCode);
        Assert.Equal(0, await product.StopAsync());
    }

    [Fact]
    [Trait("Behaviour", "B49")]
    public async Task Broken_file_changes_nothing_and_every_error_is_logged()
    {
        var file = new RangeFile(1000);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await StartProductAsync(origin);
        Edit(product, "slice_size: 64KiB", "slice_size: 1\nmax_retrys: 3");
        Edit(product, "log_level: info", "log_level: error");

        var lines = await ReloadAsync(product, "max_retrys");

        Assert.Equal(2, lines.Count);
        Assert.All(lines, line => Assert.Contains("level=error event=reload_refused", line, StringComparison.Ordinal));
        Assert.Contains($"{FileOf(product)}:5:13: slice_size: 1: too small", lines[0], StringComparison.Ordinal);
        Assert.Contains("max_retrys: unknown key, did you mean max_retries?", lines[1], StringComparison.Ordinal);

        // Also the level stays: the lines of an orderly end are still written.
        await AssertServesAsync(product, file, "/file");
        Assert.Equal(0, await product.StopAsync());
        await product.LineAsync("level=info event=stopped");
    }

    [Fact]
    public async Task Removed_file_changes_nothing_and_is_named()
    {
        var file = new RangeFile(1000);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await StartProductAsync(origin);
        File.Delete(FileOf(product));

        string line = Assert.Single(await ReloadAsync(product, "event=reload_refused"));

        Assert.Contains($"{FileOf(product)}: cannot be read: no such file", line, StringComparison.Ordinal);
        await AssertServesAsync(product, file, "/file");
        Assert.Equal(0, await product.StopAsync());
    }

    [Fact]
    public async Task Level_of_the_command_line_still_overrides_the_file()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        await using var product = await StartProductAsync(origin, "--log-level", "debug");
        Edit(product, "log_level: info", "log_level: error");

        string line = Assert.Single(
            await ReloadAsync(product, "event=reloaded"), line => line.Contains("event=reloaded", StringComparison.Ordinal));

        Assert.Contains(" applied=none waiting=none ", line, StringComparison.Ordinal);
        Assert.Contains(" overridden=\"log_level stays debug: --log-level overrides the file\"", line, StringComparison.Ordinal);
        Assert.Equal(0, await product.StopAsync());
    }

    [Fact]
    public async Task Metrics_of_purge_come_and_go_and_the_time_to_finish_changes()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        await using var product = await StartProductAsync(origin);
        Edit(product, "  enabled: true", "  enabled: true\n  enable_metrics: false");
        Edit(product, "log_level: info", "log_level: info\ntimeouts: {shutdown: 7s}");

        string line = Assert.Single(await ReloadAsync(product, "event=reloaded"));

        Assert.Contains("applied=\"purge.enable_metrics, timeouts.shutdown\"", line, StringComparison.Ordinal);
        string metrics = (await RawClient.GetAsync(product.MetricsEndPoint, "/metrics")).BodyText;
        Assert.DoesNotContain("purge", metrics, StringComparison.Ordinal);
        Assert.Equal(0, await product.StopAsync());
        Assert.Contains(" timeout=7s ", await product.LineAsync("event=stopping"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B49")]
    public async Task Running_download_and_kept_connection_are_not_disturbed()
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var file = new RangeFile((16 * (64 << 10)) + 1)
        {
            Fault = RangeFile.OnRequest(8, new RangeFault { PauseAfterBytes = 1000, BodyGate = hold.Task }),
        };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await StartProductAsync(origin);
        using var kept = await RawClient.ConnectAsync(product.EndPoint);
        await kept.SendAsync(RawClient.Request("GET", "/health"));
        Assert.Equal(200, (await kept.ReadResponseAsync()).StatusCode);
        using var sink = new VerifyingSink(file.Content);
        Task<RawResponse> download = RawClient.GetVerifiedAsync(product.EndPoint, "/file", sink, Deadline.Default);
        await origin.RequestsArrivedAsync(8);

        await ReloadAsync(product, "event=reloaded");
        hold.SetResult();

        await download;
        Assert.Equal(file.LengthBytes, sink.Count);
        await kept.SendAsync(RawClient.Request("GET", "/health"));
        Assert.Equal(200, (await kept.ReadResponseAsync()).StatusCode);
        Assert.Equal(0, await product.StopAsync());
    }

    [Fact]
    public async Task Reload_while_draining_does_not_cut_the_download_short()
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var file = new RangeFile(1000) { Fault = _ => new RangeFault { BodyGate = hold.Task, PauseAfterBytes = 10 } };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var product = await StartProductAsync(origin);
        using var sink = new VerifyingSink(file.Content);
        Task<RawResponse> download = RawClient.GetVerifiedAsync(product.EndPoint, "/file", sink, Deadline.Default);
        await origin.RequestsArrivedAsync(1);
        Task<int> stopped = product.StopAsync();
        await product.LineAsync("event=stopping");

        await ReloadAsync(product, "event=reloaded");
        hold.SetResult();

        await download;
        Assert.Equal(file.LengthBytes, sink.Count);
        Assert.Equal(0, await stopped);
    }
}
