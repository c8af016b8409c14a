using System.Globalization;

namespace Slice.Tests.Support;

/// <summary>A real memcached (Debian's package). Its absence fails the test with the package's name.</summary>
public sealed class MemcachedServer : LocalServer
{
    private const string Program = "/usr/bin/memcached";
    private const int SigStop = 19;
    private const int SigCont = 18;

    private readonly ChildProcess _process;

    private MemcachedServer(ChildProcess process, TestDirectory directory, int port)
        : base(process, directory, port) => _process = process;

    /// <summary>Starts it on a free port with 64 MiB, or with what <paramref name="arguments"/> say.</summary>
    public static Task<MemcachedServer> StartAsync(params string[] arguments) =>
        FreePort.RetryAsync(port => StartAtAsync(port, arguments));

    /// <summary>Starts it on this port: again, after another one has ended there.</summary>
    public static async Task<MemcachedServer> StartAtAsync(int port, params string[] arguments)
    {
        var directory = new TestDirectory("memcached");
        string[] all =
        [
            "-l", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-U", "0", "-m", "64", "-t", "2",
            "-u", Environment.UserName == "root" ? "nobody" : Environment.UserName, .. arguments,
        ];
        return new MemcachedServer(await StartAsync(directory, port, Program, all, "memcached"), directory, port);
    }

    /// <summary>SIGKILL, and wait for the end: what it had is gone.</summary>
    public Task KillAsync()
    {
        _process.Kill();
        return _process.ExitedAsync();
    }

    /// <summary>Lets it answer nothing from then on; the kernel still accepts connections for it.</summary>
    public Task FreezeAsync()
    {
        _process.Signal(SigStop);

        // The signal is on its way to every thread; proc(5), "stat": the state follows the name.
        return Eventually.TrueAsync(
            () => Directory.GetDirectories($"/proc/{ProcessId}/task").All(
                task => File.ReadAllText(Path.Combine(task, "stat")).Contains(") T ", StringComparison.Ordinal)),
            "all threads to stop");
    }

    /// <summary>Lets it go on, with everything that was asked meanwhile.</summary>
    public void Thaw() => _process.Signal(SigCont);
}
