using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>Client programs that people use, each in a world of its own: no settings of this machine's user, no proxy of theirs.</summary>
internal static class Tool
{
    // What env(1) ends with when there is no such program.
    private const int NotFound = 127;

    // env(1) takes variables out: zsync takes an empty http_proxy for a proxy without a name.
    private static readonly string[] s_withoutProxies =
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

    /// <summary>
    /// Runs it to its end in <paramref name="directory"/>, which is its home too. Returns its output; fails with that when it fails, or
    /// with the name of Debian's package when there is no such program.
    /// </summary>
    public static async Task<string> RunAsync(string tool, TestDirectory directory, params string[] arguments)
    {
        using ChildProcess process = ChildProcess.Start(
            "env",
            [.. s_withoutProxies.SelectMany(name => (string[])["-u", name]), tool, .. arguments],
            "env is in Debian's package coreutils.",
            directory.Path,
            new Dictionary<string, string>
            {
                ["HOME"] = directory.Path,
                ["LC_ALL"] = "C",
                ["XDG_RUNTIME_DIR"] = directory.Path,
                ["GIT_CONFIG_NOSYSTEM"] = "1",
                ["GIT_TERMINAL_PROMPT"] = "0",
            });
        int exitCode = await process.ExitedAsync();
        Assert.True(exitCode != NotFound, $"Install Debian's package of {tool}, or run test.sh, which does.");
        Assert.True(exitCode == 0, $"{tool} {string.Join(' ', arguments)} ended with exit code {exitCode}:\n{process.Output}");
        return process.Output;
    }
}
