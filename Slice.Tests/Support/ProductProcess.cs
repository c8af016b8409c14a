using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>
/// The built <c>pingora-slice</c> as an operator runs it: a process with a configuration file. By default the assembly next to the tests
/// under <c>dotnet</c>; the published binary when the environment variable <c>PINGORA_SLICE_BINARY</c> names one.
/// </summary>
public sealed class ProductProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly TestDirectory? _ownDirectory;

    private ProductProcess(ChildProcess process, string directory, TestDirectory? ownDirectory, int port, int metricsPort)
    {
        _process = process;
        _ownDirectory = ownDirectory;
        DirectoryPath = directory;
        Port = port;
        MetricsPort = metricsPort;
    }

    /// <summary>The port of the configuration's <c>{{port}}</c>.</summary>
    public int Port { get; }

    /// <summary>The port of the configuration's <c>{{metrics_port}}</c>.</summary>
    public int MetricsPort { get; }

    /// <summary>Where clients connect.</summary>
    public IPEndPoint EndPoint => new(IPAddress.Loopback, Port);

    /// <summary>Where operators look.</summary>
    public IPEndPoint MetricsEndPoint => new(IPAddress.Loopback, MetricsPort);

    /// <summary>The directory of the configuration file, its <c>{{dir}}</c>.</summary>
    public string DirectoryPath { get; }

    /// <summary>The process id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Lines of standard output and error so far.</summary>
    public IReadOnlyList<string> Lines => _process.Lines;

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>
    /// Its exit code, once it has ended. Also while a process that it has started still writes to its output, which
    /// <see cref="ExitedAsync"/> waits for.
    /// </summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Program and leading arguments of <c>pingora-slice</c>.</summary>
    public static IReadOnlyList<string> Command
        => Environment.GetEnvironmentVariable("PINGORA_SLICE_BINARY") is { Length: > 0 } binary
            ? [binary]
            : ["dotnet", Path.Combine(AppContext.BaseDirectory, "pingora-slice.dll")];

    /// <summary>
    /// Writes <paramref name="yaml"/> with <c>{{port}}</c>, <c>{{metrics_port}}</c> and <c>{{dir}}</c> filled in, starts the product on it,
    /// and waits until <c>/health</c> answers 200. A port taken meanwhile is retried on others. <paramref name="directory"/> outlives the
    /// process (for restarts over one cache); null makes one that does not.
    /// </summary>
    public static Task<ProductProcess> StartAsync(string yaml, string? directory = null, params string[] arguments)
        => StartAsync(Command, yaml, directory, arguments);

    /// <summary>
    /// As <see cref="StartAsync(string, string?, string[])"/>, with another program in the product's place, which may take
    /// <paramref name="within"/> for its start (default <see cref="Deadline.Default"/>).
    /// </summary>
    public static Task<ProductProcess> StartAsync(
        IReadOnlyList<string> command, string yaml, string? directory, string[] arguments, int? fixedPort = null, TimeSpan? within = null)
        => FreePort.RetryAsync(
            port => StartOnceAsync(
                command, yaml, directory, arguments, null, () => IsHealthyAsync(fixedPort ?? port), fixedPort ?? port, FreePort.Reserve(),
                within),
            fixedPort is null ? 5 : 1);

    /// <summary>
    /// As <see cref="StartAsync(string, string?, string[])"/>, on ports that the caller has chosen; throws <see cref="PortTakenException"/>
    /// when one is taken.
    /// </summary>
    public static Task<ProductProcess> StartOnPortAsync(string yaml, string directory, int port, int metricsPort, params string[] arguments)
        => StartOnceAsync(Command, yaml, directory, arguments, null, () => IsHealthyAsync(port), port, metricsPort);

    /// <summary>
    /// As <see cref="StartAsync(string, string?, string[])"/>, with more in its environment. <paramref name="isReady"/> gets the port and
    /// is asked until it holds, instead of <c>/health</c>.
    /// </summary>
    public static Task<ProductProcess> StartAsync(
        string yaml, IReadOnlyDictionary<string, string> environment, Func<int, Task<bool>>? isReady = null)
        => FreePort.RetryAsync(
            port => StartOnceAsync(
                Command, yaml, null, [], environment, () => (isReady ?? IsHealthyAsync)(port), port, FreePort.Reserve()));

    /// <summary>
    /// Runs the product to its end (<c>--version</c>, <c>--check-config</c>, a start that must fail): exit code and all lines.
    /// </summary>
    public static Task<(int ExitCode, IReadOnlyList<string> Lines)> RunAsync(params string[] arguments) => RunInAsync("", arguments);

    /// <summary>As <see cref="RunAsync"/>, in <paramref name="workingDirectory"/>.</summary>
    public static async Task<(int ExitCode, IReadOnlyList<string> Lines)> RunInAsync(string workingDirectory, params string[] arguments)
    {
        using ChildProcess process = Spawn(Command, arguments, workingDirectory);
        int exitCode = await process.ExitedAsync();
        return (exitCode, process.Lines);
    }

    /// <summary>SIGTERM; waits for the end and returns the exit code.</summary>
    public Task<int> StopAsync(TimeSpan? within = null) => _process.StopAsync(within);

    /// <summary>Waits for the end and returns the exit code.</summary>
    public Task<int> ExitedAsync(TimeSpan? within = null) => _process.ExitedAsync(within);

    /// <summary>Sends the signal of this number (1 is SIGHUP).</summary>
    public void Signal(int signal) => _process.Signal(signal);

    /// <summary>SIGKILL; waits for the end.</summary>
    public Task<int> KillAsync()
    {
        _process.Kill();
        return _process.ExitedAsync();
    }

    /// <summary>Where clients connect with TLS, as the log tells it: <c>tls.listen_address</c> may have port 0.</summary>
    public async Task<IPEndPoint> TlsEndPointAsync()
    {
        string line = await LineAsync("event=listening_tls");
        return IPEndPoint.Parse(
            line.Split(' ').Single(field => field.StartsWith("address=", StringComparison.Ordinal))["address=".Length..]);
    }

    /// <summary>Waits until a line contains <paramref name="text"/>, and returns the first that does.</summary>
    public async Task<string> LineAsync(string text)
    {
        string? found = null;
        await Eventually.TrueAsync(
            () => (found = Lines.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal))) is not null,
            () => $"a line with '{text}' in:\n{_process.Output}");
        return found!;
    }

    /// <inheritdoc cref="MetricReader.ReadAsync"/>
    public Task<double> MetricAsync(string name) => MetricReader.ReadAsync(MetricsEndPoint, name);

    /// <summary>Kills the process when it still runs; a test of an orderly end calls <see cref="StopAsync"/> first.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        _ownDirectory?.Dispose();
    }

    private static async Task<ProductProcess> StartOnceAsync(
        IReadOnlyList<string> command,
        string yaml,
        string? directory,
        string[] arguments,
        IReadOnlyDictionary<string, string>? environment,
        Func<Task<bool>> isReady,
        int port,
        int metricsPort,
        TimeSpan? within = null)
    {
        TestDirectory? own = directory is null ? new TestDirectory("product") : null;
        string path = directory ?? own!.Path;
        string configuration = Path.Combine(path, "pingora_slice.yaml");
        await File.WriteAllTextAsync(configuration, yaml
            .Replace("{{port}}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{{metrics_port}}", metricsPort.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{{dir}}", path, StringComparison.Ordinal) + CacheOf(yaml));
        ChildProcess? process = null;
        try
        {
            process = Spawn(command, [configuration, .. arguments], path, environment);
            await process.ReadyAsync(isReady, $"it is ready on port {port}", within);
            return new ProductProcess(process, path, own, port, metricsPort);
        }
        catch
        {
            process?.Dispose();
            own?.Dispose();
            throw;
        }
    }

    // The default directory of this machine is not the tests': with one there the cache would be in it, and one process has it at a time.
    private static string CacheOf(string yaml) =>
        yaml.Contains("upstream_address", StringComparison.Ordinal) && !yaml.Contains("l2_cache", StringComparison.Ordinal)
            ? "\nenable_l2_cache: false\n"
            : "";

    private static ChildProcess Spawn(
        IReadOnlyList<string> command,
        string[] arguments,
        string? workingDirectory,
        IReadOnlyDictionary<string, string>? environment = null) =>
        ChildProcess.Start(
            command[0],
            [.. command.Skip(1), .. arguments],
            "Build the solution, or set PINGORA_SLICE_BINARY to the published binary.",
            workingDirectory,
            environment);

    private static async Task<bool> IsHealthyAsync(int port)
    {
        try
        {
            RawResponse response = await RawClient.GetAsync(new IPEndPoint(IPAddress.Loopback, port), "/health", "Connection: close");
            return response.StatusCode == 200;
        }
        catch (Exception exception) when (exception is SocketException or EndOfStreamException)
        {
            return false;
        }
    }
}
