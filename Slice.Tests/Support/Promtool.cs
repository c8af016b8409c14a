namespace Slice.Tests.Support;

/// <summary>Prometheus' own checker, of Debian's package.</summary>
internal static class Promtool
{
    /// <summary>Runs it; returns its exit code and all it wrote.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string directory, params string[] arguments)
    {
        using var process = ChildProcess.Start(
            "/usr/bin/promtool", arguments, "Install Debian's package 'prometheus', or run test.sh, which does.", directory);
        int exitCode = await process.ExitedAsync();
        return (exitCode, process.Output);
    }

    /// <summary>Runs it, and fails with its output when it finds fault.</summary>
    public static async Task PassesAsync(string directory, params string[] arguments)
    {
        var (exitCode, output) = await RunAsync(directory, arguments);
        Assert.True(exitCode == 0, $"promtool {string.Join(' ', arguments)}: exit code {exitCode}\n{output}");
    }
}
