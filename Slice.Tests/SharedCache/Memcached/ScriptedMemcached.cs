using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>
/// A server that answers each request with literal bytes. A request is its line, without CR LF; the value behind it is read and left out.
/// </summary>
internal sealed class ScriptedMemcached : IAsyncDisposable
{
    /// <summary>In an answer: the connection is closed here.</summary>
    public const string Close = "<close>";

    /// <summary>An answer: the value behind the line is never taken.</summary>
    public const string Swallow = "<swallow>";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Func<string, string?> _answer;
    private readonly Task _accepting;
    private readonly List<string> _requests = [];
    private int _connections;
    private int _closed;

    /// <summary>Listens; <paramref name="answer"/> has null for no answer at all.</summary>
    public ScriptedMemcached(Func<string, string?> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary><c>127.0.0.1:port</c>.</summary>
    public string Authority => _listener.LocalEndpoint.ToString()!;

    /// <summary>Number of connections that were made.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Number of connections that the client has closed.</summary>
    public int Closed => Volatile.Read(ref _closed);

    /// <summary>Lines of all requests.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_end.Token);
                Interlocked.Increment(ref _connections);
                serving.Add(ServeAsync(client));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var owned = client;
        client.NoDelay = true;
        var stream = client.GetStream();
        try
        {
            while (await ReadLineAsync(stream) is { } line)
            {
                string? answer = _answer(line);
                string[] words = line.Split(' ');
                if (words[0] == "ms" && answer != Swallow)
                {
                    await stream.ReadExactlyAsync(new byte[int.Parse(words[2], CultureInfo.InvariantCulture) + 2], _end.Token);
                }

                lock (_requests)
                {
                    _requests.Add(line);
                }

                if (answer == Swallow)
                {
                    await Task.Delay(Timeout.Infinite, _end.Token);
                }

                if (answer is not null)
                {
                    await stream.WriteAsync(Wire.Bytes(answer.Replace(Close, "", StringComparison.Ordinal)), _end.Token);
                    if (answer.EndsWith(Close, StringComparison.Ordinal))
                    {
                        return;
                    }
                }
            }

            Interlocked.Increment(ref _closed);
        }
        catch (IOException)
        {
            Interlocked.Increment(ref _closed);
        }
        catch (OperationCanceledException)
        {
            // The end of the test.
        }
    }

    private async Task<string?> ReadLineAsync(NetworkStream stream)
    {
        string line = "";
        byte[] one = new byte[1];
        while (!line.EndsWith("\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _end.Token) == 0)
            {
                return null;
            }

            line += (char)one[0];
        }

        return line[..^2];
    }
}
