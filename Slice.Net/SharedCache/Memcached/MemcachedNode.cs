using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Slice.Core.Options;
using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache.Memcached;

/// <summary>
/// One server: its connections, and whether it is there. Thread-safe.
/// </summary>
/// <remarks>
/// A request has a connection to itself until its answer is read. Pipelining would do with fewer connections, but a wait that is cancelled
/// leaves an answer behind on its connection, which has to be closed; with others' requests behind it, one deadline would fail all of them,
/// and that while the server is slow already. And a megabyte would be in front of each of them. What a connection costs a server is some
/// KiB, and it takes 1,024 by default (-c).
/// </remarks>
internal sealed class MemcachedNode : IDisposable
{
    // For each connection of the option, which is made for connections that many requests share: 16 slices at a time by default.
    private const int ValuesPerConnection = 8;

    // Leases and counters never wait behind values: some 20,000 a second at 200 µs each. Arbitrary.
    private const int SmallConnections = 4;

    private const string Closed = "the store is closed";

    // Two SYNs (RFC 6298 §2: the second goes out after 1 s) would be longer than anybody waits.
    private static readonly TimeSpan s_connectTime = TimeSpan.FromSeconds(1);

    private readonly string _host;
    private readonly int _port;
    private readonly TimeSpan _longestSilence;
    private readonly TimeProvider _time;
    private readonly NodeHealth _health;
    private readonly Action _told;
    private readonly ConnectionLane _values;
    private readonly ConnectionLane _small = new(SmallConnections);
    private readonly HashSet<MemcachedConnection> _open = [];
    private readonly CancellationTokenSource _closing = new();
    private volatile bool _isClosed;

    /// <summary>Knows a server, and does not connect.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="options">How many connections, and how long it may be silent.</param>
    /// <param name="time">The clock.</param>
    /// <param name="told">Called when it is there again after it was lost.</param>
    /// <param name="changed">Called with its name when it is away for longer than a moment, with why, and when it is back.</param>
    public MemcachedNode(
        HostAndPort address, SharedCacheOptions options, TimeProvider time, Action told, Action<string, string?> changed)
    {
        _host = address.Host.Trim('[', ']');
        _port = address.Port ?? KetamaRing.DefaultPort;
        Name = string.Create(CultureInfo.InvariantCulture, $"{address.Host}:{_port}");
        _longestSilence = options.Timeout;
        _time = time;
        _health = new NodeHealth(options.Timeout, time, reason => changed(Name, reason));
        _told = told;
        _values = new ConnectionLane(options.Connections * ValuesPerConnection);
    }

    /// <summary>What is done on a connection: a request, and its answer to the end.</summary>
    public delegate ValueTask<T> Exchange<T>(MemcachedConnection connection, MetaRequest request, CancellationToken ct);

    /// <summary><c>HOST:PORT</c>.</summary>
    public string Name { get; }

    /// <summary>Whether it has been away for longer than a moment.</summary>
    public bool IsDown => _health.IsDown;

    /// <inheritdoc cref="NodeHealth.HasFailed"/>
    public bool HasFailed => _health.HasFailed;

    /// <summary>Whether it is known to be away, so that a request would fail at once.</summary>
    public bool IsAwayFor(NodeWork work) => _health.IsAwayFor(work);

    /// <summary>Has a request that carries or may bring a value made, when there is a connection for it.</summary>
    /// <exception cref="KeyValueStoreException">It was not carried out.</exception>
    public ValueTask<T> RunAsync<T>(NodeWork work, MetaRequest request, Exchange<T> exchange, CancellationToken ct) =>
        RunAsync(_values, work, request, exchange, ct);

    /// <summary>Has a request of some bytes made, which waits for no value.</summary>
    /// <exception cref="KeyValueStoreException">It was not carried out.</exception>
    public ValueTask<T> RunSmallAsync<T>(MetaRequest request, Exchange<T> exchange, CancellationToken ct) =>
        RunAsync(_small, NodeWork.Short, request, exchange, ct);

    /// <summary>Closes all connections; what is under way fails.</summary>
    public void Dispose()
    {
        MemcachedConnection[] open;
        lock (_open)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            open = [.. _open];
            _open.Clear();
        }

        _closing.Cancel();
        foreach (var connection in open)
        {
            connection.Dispose();
        }
    }

    private async ValueTask<T> RunAsync<T>(
        ConnectionLane lane, NodeWork work, MetaRequest request, Exchange<T> exchange, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (_isClosed)
        {
            throw Failure(Closed);
        }

        if (_health.WhyNot(work) is { } reason)
        {
            throw Failure(reason);
        }

        await lane.EnterAsync(ct);
        try
        {
            var connection = TakeIdle(lane) ?? await OpenAsync(work, ct);
            return await RunAsync(lane, work, connection, request, exchange, ct);
        }
        finally
        {
            lane.Leave();
        }
    }

    private async ValueTask<T> RunAsync<T>(
        ConnectionLane lane, NodeWork work, MemcachedConnection connection, MetaRequest request, Exchange<T> exchange,
        CancellationToken ct)
    {
        bool isWhole = false;
        long startedAt = _time.GetTimestamp();
        try
        {
            var result = await exchange(connection, request, ct);
            isWhole = !connection.IsAbandoned;
            if (_health.Answered(work, isValue: result is not null))
            {
                _told();
            }

            return result;
        }
        catch (OperationCanceledException)
            when (connection.Silence >= _longestSilence
                || (work == NodeWork.Take && _time.GetElapsedTime(startedAt) >= _health.LongestOf(work)))
        {
            _health.StayedSilent(work, startedAt);
            throw;
        }
        catch (MetaException exception)
        {
            throw Failure(exception.Message, exception, isAway: false);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            _health.Lost();
            throw Failure(_isClosed ? Closed : WordsOf(exception), exception);
        }
        finally
        {
            Release(lane, connection, isWhole);
        }
    }

    private MemcachedConnection? TakeIdle(ConnectionLane lane)
    {
        while (lane.TryTake() is { } connection)
        {
            if (connection.IsClean)
            {
                return connection;
            }

            // The server has closed it meanwhile: it has ended, or thought that nobody needs the connection.
            _health.Lost();
            Forget(connection);
        }

        return null;
    }

    private void Release(ConnectionLane lane, MemcachedConnection connection, bool isWhole)
    {
        if (isWhole && connection.HasReadAll && !_isClosed)
        {
            lane.Return(connection);
        }
        else
        {
            Forget(connection);
        }
    }

    private void Forget(MemcachedConnection connection)
    {
        lock (_open)
        {
            _open.Remove(connection);
        }

        connection.Dispose();
    }

    private async ValueTask<MemcachedConnection> OpenAsync(NodeWork work, CancellationToken ct)
    {
        long startedAt = _time.GetTimestamp();
        using var deadline = new CancellationTokenSource(s_connectTime, _time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token, _closing.Token);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new DnsEndPoint(_host, _port), any.Token);
            return Keep(new MemcachedConnection(socket, _time));
        }
        catch (Exception exception)
        {
            socket.Dispose();
            if (exception is not (SocketException or OperationCanceledException))
            {
                throw;
            }

            if (_closing.IsCancellationRequested)
            {
                throw Failure(Closed, exception);
            }

            // A caller that leaves early says nothing about the server.
            if (exception is OperationCanceledException && ct.IsCancellationRequested && _time.GetElapsedTime(startedAt) < _longestSilence)
            {
                throw;
            }

            if (exception is SocketException)
            {
                _health.Failed(WordsOf(exception));
                ct.ThrowIfCancellationRequested();
                throw Failure(WordsOf(exception), exception);
            }

            const string TooLate = "no connection in time";
            _health.StayedSilent(work, startedAt, TooLate);
            ct.ThrowIfCancellationRequested();
            throw Failure(TooLate, exception);
        }
    }

    private MemcachedConnection Keep(MemcachedConnection connection)
    {
        lock (_open)
        {
            if (!_isClosed)
            {
                _open.Add(connection);
                return connection;
            }
        }

        connection.Dispose();
        throw Failure(Closed);
    }

    private KeyValueStoreException Failure(string reason, Exception? cause = null, bool isAway = true) =>
        new($"memcached {Name}: {reason}", cause) { IsAway = isAway };

    private static string WordsOf(Exception exception) => exception switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "connection refused: nobody listens there",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => "no such host",
        IOException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionReset } } => "connection reset",
        _ => exception.Message,
    };
}
