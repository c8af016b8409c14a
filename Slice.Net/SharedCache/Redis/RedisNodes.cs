using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Slice.Core.SharedCache;
using StackExchange.Redis;

namespace Slice.Net.SharedCache.Redis;

/// <summary>
/// The nodes of a cluster, and which of them are known to be away: the others go on, and what is at a silent one costs a few deadlines
/// until the cluster has noticed (<c>cluster-node-timeout</c>), and not some for each slice. Where there is no cluster there is one server
/// to ask, and nothing is known of it. Thread-safe.
/// </summary>
/// <param name="longestSilence">How long a node may take to answer anybody.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">
/// Called with the name of a node that is away for longer than a moment and why, and with null when it is back. Must not wait.
/// </param>
internal sealed class RedisNodes(TimeSpan longestSilence, TimeProvider time, Action<string, string?> changed)
{
    private readonly ConcurrentDictionary<EndPoint, NodeHealth> _nodes = new();

    /// <summary>How many are away.</summary>
    public int Down => _nodes.Values.Count(static node => node.IsDown);

    /// <inheritdoc cref="IKeyValueStore.IsPartlyThere"/>
    public bool ArePartlyThere => _nodes.Count > 1 && _nodes.Values.Any(static node => !node.HasFailed);

    /// <summary>
    /// Remembers how an attempt to connect to a node has ended, for people: whoever asks finds no node here that is not connected.
    /// </summary>
    /// <param name="multiplexer">The library; null while it begins.</param>
    /// <param name="attempt">The attempt.</param>
    public void Attempted(ConnectionMultiplexer? multiplexer, ConnectionAttemptCompletedEventArgs attempt)
    {
        // Nothing is at a replica that is not at its primary. A node that was away from the start is known by its IP address, which the
        // others tell; the name in the configuration may be another one of theirs.
        if (attempt.EndPoint is not { } node || attempt.ConnectionType != ConnectionType.Interactive || _nodes.IsEmpty
            || !(_nodes.ContainsKey(node) || node is IPEndPoint)
            || multiplexer?.GetServers().Any(server => node.Equals(server.EndPoint) && server.IsReplica) != false)
        {
            return;
        }

        var health = _nodes.GetOrAdd(node, static (node, nodes) => nodes.NewHealth(node), this);
        if (attempt.Exception is { } failure)
        {
            health.FailedToConnect(RedisFailure.DescribeConnection(failure));
        }
        else if (attempt.IsSuccess)
        {
            health.Connected();
        }
    }

    /// <summary>The node that a key is at; null where there is no cluster, or nobody is connected to the node.</summary>
    public NodeHealth? NodeOf(ConnectionMultiplexer multiplexer, string key)
    {
        try
        {
            var server = multiplexer.GetServer((RedisKey)key, asyncState: null, CommandFlags.DemandMaster);
            return server.ServerType == ServerType.Cluster
                ? _nodes.GetOrAdd(server.EndPoint, static (node, nodes) => nodes.NewHealth(node), this)
                : null;
        }
        catch (InvalidOperationException)
        {
            // Nobody is connected, says the library, or the multiplexer is disposed of.
            // The operation says it in words.
            return null;
        }
    }

    /// <summary>Whether a key is taken for missing: its node is away, and others are not. Else whoever counts failures would take all of
    /// them for away.</summary>
    public bool IsSkipped(NodeHealth? node, NodeWork work) =>
        node?.IsAwayFor(work) == true && _nodes.Values.Any(other => !other.IsAwayFor(work));

    /// <summary>Carries out an operation at a node, and remembers what that says of the node.</summary>
    /// <param name="node">The node; null for one that nothing is known of.</param>
    /// <param name="name">The store's name.</param>
    /// <param name="work">What it is asked to do.</param>
    /// <param name="operation">The operation.</param>
    /// <exception cref="KeyValueStoreException">The node is known to be away, or the operation failed.</exception>
    public async ValueTask<T> RunAsync<T>(NodeHealth? node, string name, NodeWork work, Func<ValueTask<T>> operation)
    {
        if (node is null)
        {
            return await operation();
        }

        if (node.WhyNot(work) is { } reason)
        {
            throw new KeyValueStoreException($"{name}: one node of the cluster: {reason}") { IsAway = true };
        }

        long startedAt = time.GetTimestamp();
        try
        {
            var result = await operation();
            node.Answered(work, isValue: result is not null);
            return result;
        }
        catch (OperationCanceledException)
            when (time.GetElapsedTime(startedAt) >= node.LongestOf(work))
        {
            node.StayedSilent(work, startedAt);
            throw;
        }
        catch (KeyValueStoreException refusal) when (refusal.InnerException is RedisServerException)
        {
            node.Answered(NodeWork.Short, isValue: false);
            throw;
        }
    }

    private NodeHealth NewHealth(EndPoint node) => new(longestSilence, time, reason => changed(NameOf(node), reason));

    private static string NameOf(EndPoint node) =>
        node is DnsEndPoint named ? string.Create(CultureInfo.InvariantCulture, $"{named.Host}:{named.Port}") : $"{node}";
}
