using System.Net;
using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>
/// A server of another project (nginx, HAProxy) as a child process on a free loopback port, with a directory and a configuration of its
/// own.
/// </summary>
public abstract class LocalServer : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly TestDirectory _directory;

    private protected LocalServer(ChildProcess process, TestDirectory directory, int port)
    {
        _process = process;
        _directory = directory;
        Port = port;
    }

    /// <summary>The port of the configuration's <c>{{port}}</c>.</summary>
    public int Port { get; }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => new(IPAddress.Loopback, Port);

    /// <summary><c>127.0.0.1:port</c>.</summary>
    public string Authority => EndPoint.ToString();

    /// <summary>The id of the process that was started: nginx's master when it has one.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Its directory, the configuration's <c>{{prefix}}</c>; removed on disposal.</summary>
    public string Prefix => _directory.Path;

    /// <summary>What it wrote to its output so far.</summary>
    public IReadOnlyList<string> Lines => _process.Lines;

    /// <summary>SIGTERM and wait for the end; returns the exit code. The port is free afterwards.</summary>
    public Task<int> StopAsync() => _process.StopAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        try
        {
            await StopAsync();
        }
        finally
        {
            _process.Dispose();
            _directory.Dispose();
        }
    }

    /// <summary>Replaces <c>{{name}}</c> by its value; throws on a placeholder that nobody fills.</summary>
    private protected static string FillTemplate(string template, params (string Name, string Value)[] values)
    {
        string text = values.Aggregate(
            template, (current, pair) => current.Replace("{{" + pair.Name + "}}", pair.Value, StringComparison.Ordinal));
        int open = text.IndexOf("{{", StringComparison.Ordinal);
        return open < 0 ? text : throw new ArgumentException("unfilled placeholder: " + text[open..Math.Min(text.Length, open + 30)]);
    }

    /// <summary>Starts the program and waits until its port accepts; the child and the directory are gone when that fails.</summary>
    private protected static async Task<ChildProcess> StartAsync(
        TestDirectory directory, int port, string program, string[] arguments, string package)
    {
        ChildProcess? process = null;
        try
        {
            process = ChildProcess.Start(program, arguments, $"Install Debian's package '{package}': apt-get install {package}");
            await process.ReadyAsync(() => AcceptsAsync(port), $"{program} listens on port {port}");
            return process;
        }
        catch
        {
            process?.Dispose();
            directory.Dispose();
            throw;
        }
    }

    private static async Task<bool> AcceptsAsync(int port)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    }
}
