namespace Slice.Tests.Support;

public sealed class ChildProcessTests
{
    // dash runs a trap only between commands; waiting for a background sleep is interrupted by the signal. The child of the child ends with
    // it.
    private const string UntilTerm = "trap 'kill $!; echo ending; exit 7' TERM; echo \"started $0\"; sleep 60 & wait";

    [Fact]
    public void Missing_program_fails_naming_the_remedy()
    {
        var failure = Assert.Throws<FileNotFoundException>(() => ChildProcess.Start("/nonexistent/program", [], "Install it."));
        Assert.Contains("Install it.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exit_code_and_lines_of_both_outputs_are_kept()
    {
        using ChildProcess child = Shell("echo one; echo two >&2; exit 3");
        Assert.Equal(3, await child.ExitedAsync());
        Assert.Equal(["one", "two"], child.Lines.Order());
    }

    [Fact]
    public async Task Child_that_ends_before_it_is_ready_fails_with_its_output()
    {
        using ChildProcess child = Shell("echo bad configuration; exit 78");
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => child.ReadyAsync(() => Task.FromResult(false), "it listens"));
        Assert.Contains("exit code 78", failure.Message, StringComparison.Ordinal);
        Assert.Contains("bad configuration", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Product_is_started_on_its_configuration_and_awaited_until_healthy()
    {
        int looks = 0;
        await using var health = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync(++looks < 3 ? "503 Service Unavailable" : "200 OK"));
        await using ProductProcess product = await ProductProcess.StartAsync(
            ["/bin/sh", "-c", UntilTerm],
            "port: {{port}}\ncache: {{dir}}/cache\nmetrics: {{metrics_port}}\n",
            directory: null,
            [],
            fixedPort: health.Port);
        Assert.Equal(3, looks);
        await product.LineAsync("started " + Path.Combine(product.DirectoryPath, "pingora_slice.yaml"));
        Assert.Equal(
            $"port: {health.Port}\ncache: {product.DirectoryPath}/cache\nmetrics: {product.MetricsPort}\n",
            await File.ReadAllTextAsync(Path.Combine(product.DirectoryPath, "pingora_slice.yaml"), TestContext.Current.CancellationToken));
        Assert.Equal(7, await product.StopAsync());
        Assert.Contains("ending", product.Lines);
    }

    [Fact]
    public async Task Product_killed_ends_with_the_signals_exit_code()
    {
        await using var health = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using ProductProcess product = await ProductProcess.StartAsync(
            ["/bin/sh", "-c", "exec sleep 60"], "", directory: null, [], fixedPort: health.Port);
        Assert.Equal(128 + 9, await product.KillAsync());
        Assert.False(product.Lines.Any());
    }

    [Fact]
    public async Task Product_runs_to_its_end()
    {
        var (exitCode, _) = await ProductProcess.RunAsync("--version");
        Assert.Equal(0, exitCode);
    }

    private static ChildProcess Shell(string script) =>
        ChildProcess.Start("/bin/sh", ["-c", script], "A POSIX shell is part of every Debian.");
}
