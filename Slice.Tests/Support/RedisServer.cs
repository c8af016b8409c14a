using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>
/// A real redis-server (Debian's package) on a loopback port, without persistence; as a node of a cluster or a sentinel too. It can be
/// killed, started again on its port, and stopped in the middle of whatever it does. Its absence fails the test with the package's name.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const string Hint = "Install Debian's packages: apt-get install redis-server redis-tools";
    private const int SigStop = 19;
    private const int SigContinue = 18;

    private readonly TestDirectory _directory;
    private readonly bool _isSentinel;
    private ChildProcess? _process;

    private RedisServer(TestDirectory directory, int port, bool isSentinel)
    {
        _directory = directory;
        _isSentinel = isSentinel;
        Port = port;
    }

    /// <summary>Its port; the configuration's <c>{{port}}</c>.</summary>
    public int Port { get; }

    /// <summary><c>127.0.0.1:PORT</c>.</summary>
    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Its directory; the configuration's <c>{{prefix}}</c>. Removed on disposal.</summary>
    public string Prefix => _directory.Path;

    /// <summary>
    /// Starts a server with these lines of configuration, <c>{{port}}</c>, <c>{{busPort}}</c> (another free port) and <c>{{prefix}}</c>
    /// filled in, and waits until it takes connections. Without a line that begins with <c>port</c> it listens at <c>{{port}}</c>, without
    /// TLS. <see cref="PortTakenException"/> when one of its ports was taken at each of some attempts.
    /// </summary>
    /// <param name="configuration">Lines of configuration.</param>
    /// <param name="files">Files in its directory, each with its content.</param>
    /// <param name="isSentinel">Whether it is a sentinel.</param>
    public static Task<RedisServer> StartAsync(
        string configuration = "",
        IReadOnlyDictionary<string, string>? files = null,
        bool isSentinel = false) => FreePort.RetryAsync(async port =>
    {
        var directory = new TestDirectory("redis");
        foreach (var (name, content) in files ?? new Dictionary<string, string>())
        {
            await File.WriteAllTextAsync(directory.Combine(name), content);
        }

        string text = $$"""
            bind 127.0.0.1
            {{(configuration.Split('\n').Any(static line => line.StartsWith("port ", StringComparison.Ordinal)) ? "" : "port {{port}}")}}
            dir {{directory.Path}}
            {{(isSentinel ? "" : "save \"\"\nappendonly no\nenable-debug-command local")}}
            {{configuration}}

            """.Replace("{{port}}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{{busPort}}", FreePort.Reserve().ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{{prefix}}", directory.Path, StringComparison.Ordinal);
        await File.WriteAllTextAsync(directory.Combine("redis.conf"), text);
        var server = new RedisServer(directory, port, isSentinel);
        try
        {
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    });

    /// <summary>SIGKILL; returns when it is gone.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.ExitedAsync();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Starts it again after <see cref="KillAsync"/>, on the same port and with the same configuration, and empty.</summary>
    public async Task StartAgainAsync()
    {
        string[] arguments = [Path.Combine(Prefix, "redis.conf"), .. _isSentinel ? ["--sentinel"] : Array.Empty<string>()];
        _process = ChildProcess.Start("redis-server", arguments, Hint, Prefix);
        await _process.ReadyAsync(IsReadyAsync, $"redis-server listens on port {Port}");
    }

    /// <summary>SIGSTOP: its connections stay, and nothing is read or answered until <see cref="Continue"/>.</summary>
    public void Pause() => _process!.Signal(SigStop);

    /// <summary>SIGCONT.</summary>
    public void Continue() => _process!.Signal(SigContinue);

    /// <summary>Runs redis-cli against it and returns its output; throws when it fails.</summary>
    public Task<string> CliAsync(params string[] arguments) =>
        RunCliAsync(["-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), .. arguments]);

    /// <summary>Runs redis-cli and returns its output; throws when it fails.</summary>
    public static async Task<string> RunCliAsync(string[] arguments)
    {
        using var client = ChildProcess.Start("redis-cli", arguments, Hint);
        int exitCode = await client.ExitedAsync();
        return exitCode == 0
            ? client.Output
            : throw new InvalidOperationException($"redis-cli {string.Join(' ', arguments)}: {client.Output}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _directory.Dispose();
    }

    // A node of a cluster takes connections before it has its second port, and ends when that one is taken. A sentinel says no such line.
    private async Task<bool> IsReadyAsync() =>
        (_isSentinel || _process!.Output.Contains("Ready to accept connections", StringComparison.Ordinal)) && await AcceptsAsync();

    private async Task<bool> AcceptsAsync()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    }
}
