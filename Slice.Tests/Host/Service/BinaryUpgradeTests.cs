using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>A program that does not take over as it should is ended, and this process goes on.</summary>
public sealed class BinaryUpgradeTests
{
    private const string Pipes = "ready=${PINGORA_SLICE_UPGRADE#ready:}; ready=/proc/self/fd/${ready%% *}\n";

    // $1 as four bytes, the lowest first.
    private const string Answer =
        "answer() { for shift in 0 8 16 24; do bytes=$bytes\\\\$(printf %03o $(($1 >> shift & 255))); done; printf $bytes > $ready; }\n";

    // Runs the script as the new program until the upgrade has failed; returns the line of the log.
    private static async Task<string> FailAsync(string script, TestDirectory directory)
    {
        await using var origin = ScriptedOrigin.StartWithAnswers();
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 1024);
        await using var manager = new ServiceManager(proxy.Instance.Loggers, null, TimeProvider.System);
        var sockets = new PortSockets([]);
        string record = $"echo $$ > {directory.Combine("pid")}\n";
        await using var upgrade = new BinaryUpgrade(new OwnProgram("/bin/sh", ["-c", record + Pipes + Answer + script]), sockets);
        upgrade.Attach(proxy.Instance, manager);

        upgrade.Ask();

        string? line = null;
        string? Find() => proxy.Log.FirstOrDefault(logged => logged.StartsWith("Error upgrade_failed", StringComparison.Ordinal));
        await Eventually.TrueAsync(
            () => (line = Find()) is not null,
            () => "the upgrade fails: " + string.Join('\n', proxy.Log));
        Assert.True(sockets.Gate.Opened.IsCompleted);
        Assert.False(proxy.Instance.Parts.State.IsHandedOver);
        Assert.False(proxy.Instance.Stopping.IsCancellationRequested);
        Assert.False(Directory.Exists("/proc/" + (await File.ReadAllTextAsync(directory.Combine("pid"))).Trim()));
        Assert.Equal(200, (await proxy.GetAsync("/health")).StatusCode);
        return line!;
    }

    [Theory]
    [InlineData("printf '\\001' > $ready; exec sleep 1000")]
    [InlineData("answer $$; exec sleep 1000")]
    public async Task Program_of_a_version_without_launcher_is_ended_with_a_reason(string script)
    {
        using var directory = new TestDirectory("upgrade");
        Assert.Contains("of a version that takes over in another way", await FailAsync(script, directory), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Program_that_ends_after_its_answer_changes_nothing()
    {
        using var directory = new TestDirectory("upgrade");
        string line = await FailAsync("true & answer $!; wait; exec sleep 1000", directory);
        Assert.Contains("it ended before it was to serve", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_that_ends_without_an_answer_is_told_by_its_exit_code()
    {
        using var directory = new TestDirectory("upgrade");
        Assert.Contains("exit code 7", await FailAsync("exit 7", directory), StringComparison.Ordinal);
    }
}
