using System.Net;
using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>
/// An origin server on a free loopback port that answers every request with a script, in literal bytes, and records what it was asked.
/// Keep-alive, any number of connections at once. Thread-safe; disposing stops every connection and script.
/// </summary>
/// <remarks>
/// A script that throws anything but a socket error or a cancellation has a bug: the connection is reset, and disposing the origin throws
/// the first such failure, so that the test cannot pass over it.
/// </remarks>
public sealed class ScriptedOrigin : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<OriginRequest> _requests = [];
    private readonly List<Exception> _failures = [];
    private readonly HashSet<Task> _connections = [];
    private readonly Task _accepting;
    private readonly bool _keepsRequests;
    private int _requestCount;
    private int _connectionCount;
    private int _activeRequests;
    private int _peakRequests;
    private long _bytesSent;

    private ScriptedOrigin(Func<OriginExchange, Task> answer, bool readsBodies, bool keepsRequests)
    {
        _keepsRequests = keepsRequests;
        Answer = answer;
        ReadsBodies = readsBodies;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1024);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Its port.</summary>
    public int Port => EndPoint.Port;

    /// <summary><c>127.0.0.1:port</c>, as in an upstream address and a Host field.</summary>
    public string Authority => EndPoint.ToString();

    /// <summary>Its root as a URI.</summary>
    public Uri Uri => new($"http://{Authority}/");

    /// <summary>The script; a new one answers requests that arrive from then on.</summary>
    public Func<OriginExchange, Task> Answer { get; set; }

    /// <summary>
    /// Whether a request's content is read before its script runs, which then finds it recorded. False for scripts that answer early or
    /// read by themselves.
    /// </summary>
    public bool ReadsBodies { get; }

    /// <summary>All requests so far, in the order in which their heads were complete.</summary>
    public IReadOnlyList<OriginRequest> Requests
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>How many requests arrived.</summary>
    public int RequestCount
    {
        get
        {
            lock (_lock)
            {
                return _requestCount;
            }
        }
    }

    /// <summary>How many connections were accepted.</summary>
    public int ConnectionCount => Volatile.Read(ref _connectionCount);

    /// <summary>The most requests that were being answered at one time.</summary>
    public int PeakConcurrentRequests
    {
        get
        {
            lock (_lock)
            {
                return _peakRequests;
            }
        }
    }

    /// <summary>Bytes handed to the kernel, heads included.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>
    /// Starts listening; every request is answered by <paramref name="answer"/>. A run of millions of requests does without
    /// <see cref="Requests"/> by <paramref name="keepsRequests"/>.
    /// </summary>
    public static ScriptedOrigin Start(Func<OriginExchange, Task> answer, bool readsBodies = true, bool keepsRequests = true) =>
        new(answer, readsBodies, keepsRequests);

    /// <summary>
    /// Starts an origin whose n-th request gets <paramref name="answers"/>[n − 1] as literal bytes, with the connection kept open; further
    /// requests get 500.
    /// </summary>
    public static ScriptedOrigin StartWithAnswers(params string[] answers)
        => Start(exchange => exchange.Request.Number <= answers.Length
            ? exchange.SendAsync(answers[exchange.Request.Number - 1])
            : exchange.RespondAsync("500 Unscripted Request"));

    /// <summary>Returns when at least <paramref name="count"/> requests have arrived.</summary>
    public Task RequestsArrivedAsync(int count)
        => Eventually.TrueAsync(() => RequestCount >= count, () => $"{count} requests at the origin; there were {RequestCount}");

    /// <summary>Stops listening, cancels every script, closes every connection, and waits for all of them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Task[] connections;
        lock (_lock)
        {
            connections = [.. _connections];
        }

        await Deadline.WithinAsync(Task.WhenAll(connections), "the origin's connections end");
        _stop.Dispose();
        if (_failures.Count > 0)
        {
            throw new InvalidOperationException("a script of the origin failed", _failures[0]);
        }
    }

    internal OriginRequest Record(int connectionNumber, byte[] head)
    {
        lock (_lock)
        {
            var request = new OriginRequest(++_requestCount, connectionNumber, head);
            if (_keepsRequests)
            {
                _requests.Add(request);
            }

            _peakRequests = Math.Max(_peakRequests, ++_activeRequests);
            return request;
        }
    }

    internal void Finished()
    {
        lock (_lock)
        {
            _activeRequests--;
        }
    }

    internal void CountSent(int bytes) => Interlocked.Add(ref _bytesSent, bytes);

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync(_stop.Token);
                socket.NoDelay = true;
                Task serving = ServeAsync(socket, Interlocked.Increment(ref _connectionCount));
                lock (_lock)
                {
                    _connections.RemoveWhere(connection => connection.IsCompleted);
                    _connections.Add(serving);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException || (error is SocketException && _stop.IsCancellationRequested))
        {
            // Stopped; a cancellation that comes between two steps of the accept is a socket error.
        }
    }

    private async Task ServeAsync(Socket socket, int number)
    {
        using var connection = new OriginConnection(this, socket, number);
        try
        {
            await Task.Yield();
            await connection.RunAsync(_stop.Token);
        }
        catch (Exception exception) when (
            exception is SocketException or EndOfStreamException or OperationCanceledException or ObjectDisposedException)
        {
            // The client left, the origin stopped, or the script reset the connection under itself.
        }
        catch (Exception exception)
        {
            lock (_lock)
            {
                _failures.Add(exception);
            }

            connection.Reset();
        }
    }
}
