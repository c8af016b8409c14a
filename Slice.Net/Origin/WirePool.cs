using Slice.Core.Http;

namespace Slice.Net.Origin;

/// <summary>
/// The idle connections for requests that are passed through, for each address of the origin those used last first. They live as long as
/// the instance and outlive a reload. Thread-safe.
/// </summary>
/// <remarks>
/// How many requests run at once is <c>limits.max_passthrough_requests</c>' business, so the pool counts only what is idle: at most
/// <see cref="MaxIdle"/> for an address. Once a second it lets go of what was idle too long, is too old, or was closed by the origin.
/// </remarks>
internal sealed class WirePool : IDisposable
{
    /// <summary>
    /// Idle connections that are kept for one address: what so many clients at once leave behind. nginx keeps none by default. Arbitrary.
    /// </summary>
    public const int MaxIdle = 64;

    private static readonly TimeSpan s_sweepPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<WireConnection>> _idle = [];
    private readonly OriginConnector _connector;
    private readonly ResponseHeadLimits _limits;
    private readonly TimeSpan _idleTimeout;
    private readonly TimeSpan _lifetime;
    private readonly TimeProvider _time;
    private readonly OpenConnections _open = new();
    private readonly ITimer _sweeping;
    private bool _isDisposed;

    /// <summary>A pool without connections.</summary>
    /// <param name="connector">Makes them.</param>
    /// <param name="limits">How large response heads may be.</param>
    /// <param name="idleTimeout">Longest time between two requests.</param>
    /// <param name="lifetime">Longest time from the begin of a connection to the begin of its last request; zero for no limit.</param>
    /// <param name="time">The clock.</param>
    public WirePool(OriginConnector connector, ResponseHeadLimits limits, TimeSpan idleTimeout, TimeSpan lifetime, TimeProvider time)
    {
        _connector = connector;
        _limits = limits;
        _idleTimeout = idleTimeout;
        _lifetime = lifetime > TimeSpan.Zero ? lifetime : TimeSpan.MaxValue;
        _time = time;
        _sweeping = time.CreateTimer(static pool => ((WirePool)pool!).Sweep(), this, s_sweepPeriod, s_sweepPeriod);
    }

    /// <summary>Connections that are open, those in use too.</summary>
    public int OpenCount => _open.Count;

    /// <summary>An idle connection to an address, which becomes the caller's; null when there is none.</summary>
    /// <param name="endpoint">The address.</param>
    /// <param name="longestIdle">None that has been idle for longer.</param>
    public WireConnection? TryTake(OriginEndpoint endpoint, TimeSpan longestIdle)
    {
        while (Pop(endpoint, longestIdle) is { } connection)
        {
            if (connection.IsIdle)
            {
                return connection;
            }

            connection.Dispose();
        }

        return null;
    }

    /// <summary>A new connection to an address, the caller's.</summary>
    /// <exception cref="OriginConnectException">There is none.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<WireConnection> ConnectAsync(OriginEndpoint endpoint, CancellationToken ct)
    {
        var stream = await _connector.ConnectAsync(endpoint.EndPoint, ct);
        return new WireConnection(stream, endpoint, _limits, _time.GetTimestamp(), _open.Add());
    }

    /// <summary>Takes a connection back whose response was read to its end.</summary>
    public void Return(WireConnection connection)
    {
        connection.IdleSince = _time.GetTimestamp();
        WireConnection? oldest = connection;
        if (!IsOver(connection, connection.IdleSince) && connection.TryBeginIdle())
        {
            lock (_lock)
            {
                oldest = _isDisposed ? connection : AddUnsynchronized(connection);
            }
        }

        oldest?.Dispose();
    }

    /// <summary>Ends the idle connections. Those in use end when they come back.</summary>
    public void Dispose()
    {
        _sweeping.Dispose();
        List<WireConnection> ended;
        lock (_lock)
        {
            _isDisposed = true;
            ended = [.. _idle.Values.SelectMany(static connections => connections)];
            _idle.Clear();
        }

        ended.ForEach(static connection => connection.Dispose());
    }

    // The one that has waited longest makes room for the newest.
    private WireConnection? AddUnsynchronized(WireConnection connection)
    {
        if (!_idle.TryGetValue(connection.Endpoint.Name, out var connections))
        {
            _idle.Add(connection.Endpoint.Name, connections = []);
        }

        WireConnection? oldest = null;
        if (connections.Count == MaxIdle)
        {
            oldest = connections[0];
            connections.RemoveAt(0);
        }

        connections.Add(connection);
        return oldest;
    }

    private WireConnection? Pop(OriginEndpoint endpoint, TimeSpan longestIdle)
    {
        lock (_lock)
        {
            if (!_idle.TryGetValue(endpoint.Name, out var connections)
                || connections.Count == 0
                || _time.GetElapsedTime(connections[^1].IdleSince) > longestIdle)
            {
                return null;
            }

            var latest = connections[^1];
            connections.RemoveAt(connections.Count - 1);
            return latest;
        }
    }

    private bool IsOver(WireConnection connection, long now) =>
        _time.GetElapsedTime(connection.IdleSince, now) >= _idleTimeout || _time.GetElapsedTime(connection.ConnectedAt, now) >= _lifetime;

    private void Sweep()
    {
        long now = _time.GetTimestamp();
        List<WireConnection> ended = [];
        lock (_lock)
        {
            foreach (var (name, connections) in _idle)
            {
                foreach (var connection in connections)
                {
                    if (IsOver(connection, now) || !connection.IsIdle)
                    {
                        ended.Add(connection);
                    }
                }

                connections.RemoveAll(ended.Contains);
                if (connections.Count == 0)
                {
                    _idle.Remove(name);
                }
            }
        }

        ended.ForEach(static connection => connection.Dispose());
    }
}
