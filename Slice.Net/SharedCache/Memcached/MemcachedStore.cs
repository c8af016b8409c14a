using System.Buffers;
using System.Globalization;
using Slice.Core.Options;
using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache.Memcached;

/// <summary>
/// Values in one or several servers of Memcached (1.6 and later), over the meta text protocol (doc/protocol.txt of memcached).
/// </summary>
/// <remarks>
/// <para>
/// Each key is at one server (<see cref="KetamaRing"/>): that of what stands in braces in it, where there are any. A server that is away
/// keeps its keys: none of them moves to another server, so that its neighbours have no more to do than before, and nothing that they hold
/// is old when it comes back. While it is known to be away, and another one is not, reads of its keys find nothing; everything else about
/// them fails. When all are away, reads fail, too.
/// </para>
/// <para>
/// Values that are too long for one item are cut up (<see cref="SplitLayout"/>). Removing one takes its head alone: the parts are of no
/// use then, and go with their lifetime or when the server needs room.
/// </para>
/// <para>There is no way to tell others anything.</para>
/// </remarks>
public sealed class MemcachedStore : IKeyValueStore
{
    private const int LongestKey = 200;

    private static readonly SearchValues<char> s_keyCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-{}");

    private readonly MemcachedNode[] _nodes;
    private readonly KetamaRing _ring;
    private readonly int _itemBytes;

    /// <summary>Knows the servers, and does not connect.</summary>
    /// <param name="options">Its addresses, each <c>HOST:PORT</c> or <c>HOST</c> (11211), item size, connections and timeout.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">An address is none, or the item size is below memcached's least, 1 KiB.</exception>
    public MemcachedStore(SharedCacheOptions options, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ItemSizeBytes, SplitLayout.SmallestItem);
        HostAndPort[] servers = [.. options.Addresses.Select(Address)];
        _ring = new KetamaRing(servers);
        _nodes = [.. servers.Select(server => new MemcachedNode(server, options, time, () => Told?.Invoke(), OnServerChanged))];
        _itemBytes = options.ItemSizeBytes;
        Name = "memcached " + string.Join(", ", _nodes.Select(static node => node.Name));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public Action? Told { get; set; }

    /// <inheritdoc/>
    public Action<string, string?>? ServerChanged { get; set; }

    /// <inheritdoc/>
    public int ServersDown => _nodes.Length == 1 ? 0 : _nodes.Count(static node => node.IsDown);

    /// <inheritdoc/>
    public bool IsPartlyThere => _nodes.Length > 1 && Array.Exists(_nodes, static node => !node.HasFailed);

    /// <inheritdoc/>
    public bool CanTell => false;

    /// <inheritdoc/>
    public bool LosesSome => true;

    /// <inheritdoc/>
    public ValueTask<LeasedValue?> GetAsync(string key, CancellationToken ct) => GetAsync(key, NodeWork.Give, ct);

    private async ValueTask<LeasedValue?> GetAsync(string key, NodeWork work, CancellationToken ct)
    {
        Check(key);
        var node = NodeOf(key);
        var item = IsSkipped(node, work) ? null : await node.RunAsync(work, ReadOf(key), Exchanges.FetchAsync, ct);
        if (item is not { Layout: { } layout })
        {
            return item is null ? null : Lease(item.Bytes, item.RemainingSeconds);
        }

        bool isWhole = false;
        try
        {
            var remaining = new Shortest(item.RemainingSeconds);
            isWhole = await PartTransfer.RunAsync(
                layout.PartCount, (part, stop) => FetchPartAsync(key, part, item, layout, remaining, stop), ct);
            return isWhole ? Lease(item.Bytes, remaining.Seconds) : null;
        }
        finally
        {
            if (!isWhole)
            {
                item.Bytes.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<LeasedValue?> GetShortAsync(string key, bool isSure, CancellationToken ct)
    {
        Check(key);
        var node = NodeOf(key);
        return isSure && IsSkipped(node, NodeWork.Short)
            ? throw new KeyValueStoreException($"memcached {node.Name}: it was away a moment ago") { IsAway = true }
            : GetAsync(key, NodeWork.Short, ct);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The value is longer than 64 MiB.</exception>
    public async ValueTask SetAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct)
    {
        Check(key);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, SplitLayout.LongestValue, nameof(value));
        int seconds = SecondsOf(lifetime);
        var request = new MetaRequest(MetaVerb.Set, key) { Value = value, LifetimeSeconds = seconds };
        if (value.Length > SplitLayout.LongestWhole(_itemBytes))
        {
            // The head comes last: until then, what is read is the version before, as long as its parts are there.
            var layout = SplitLayout.Of(value.Length, _itemBytes);
            var preamble = SplitLayout.Preamble(value.Span).AsMemory();
            await PartTransfer.RunAsync(
                layout.PartCount,
                (part, stop) => StorePartAsync(key, part, layout, preamble[^SplitLayout.DigestBytes..], request, stop),
                ct);
            request = request with { Lead = preamble, Value = value[..layout.PieceBytes], ClientFlags = SplitLayout.HeadFlags };
        }

        await StoreAsync(request, ct);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The value does not fit one item.</exception>
    public async ValueTask<bool> TryAddAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct)
    {
        Check(key, value);
        var request = new MetaRequest(MetaVerb.Add, key) { Value = value, LifetimeSeconds = SecondsOf(lifetime) };
        return await NodeOf(key).RunSmallAsync(request, Exchanges.ChangeAsync, ct) == MetaCode.Done;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The value does not fit one item.</exception>
    public async ValueTask<bool> TryRenewAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct)
    {
        Check(key, value);
        int seconds = SecondsOf(lifetime);
        var node = NodeOf(key);
        var item = await node.RunSmallAsync(ReadOf(key), Exchanges.FetchAsync, ct);
        if (item is null)
        {
            return false;
        }

        using var bytes = item.Bytes;
        if (item.Layout is not null || !bytes.Memory.Span.SequenceEqual(value.Span))
        {
            return false;
        }

        // Whoever has changed it since has given it another number.
        var request = new MetaRequest(MetaVerb.Replace, key) { Value = value, LifetimeSeconds = seconds, Cas = item.Cas };
        return await node.RunSmallAsync(request, Exchanges.ChangeAsync, ct) == MetaCode.Done;
    }

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(string key, CancellationToken ct)
    {
        Check(key);
        await NodeOf(key).RunSmallAsync(new MetaRequest(MetaVerb.Remove, key), Exchanges.ChangeAsync, ct);
    }

    /// <inheritdoc/>
    public ValueTask<long> IncrementAsync(string key, long first, long addend, CancellationToken ct) => CountAsync(key, first, addend, ct);

    /// <inheritdoc/>
    public ValueTask<long> EnsureCounterAsync(string key, long first, CancellationToken ct) => CountAsync(key, first, step: 0, ct);

    private async ValueTask<long> CountAsync(string key, long first, long step, CancellationToken ct)
    {
        Check(key);
        ArgumentOutOfRangeException.ThrowIfNegative(first);

        // The server makes a counter that is not there under the same lock under which it counts.
        var request = new MetaRequest(MetaVerb.Increment, key)
        {
            First = first,
            Step = step,
            LifetimeSeconds = SecondsOf(IKeyValueStore.LongestLifetime),
        };
        return await NodeOf(key).RunSmallAsync(request, Exchanges.CountAsync, ct)
            ?? throw new KeyValueStoreException($"{Name}: a counter was not made");
    }

    /// <inheritdoc/>
    public async ValueTask<long> ReadCounterAsync(string key, CancellationToken ct)
    {
        Check(key);
        return await NodeOf(key).RunSmallAsync(ReadOf(key), Exchanges.CountAsync, ct) ?? 0;
    }

    /// <inheritdoc/>
    public ValueTask TellAsync(CancellationToken ct) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask<string> DescribeAsync(CancellationToken ct)
    {
        var answers = await Task.WhenAll(_nodes.Select(node => DescribeAsync(node, ct)));
        NodeStatistics[] known = [.. answers.Select(static answer => answer.Statistics).OfType<NodeStatistics>()];
        if (known.Length == 0)
        {
            throw answers[0].Failure!;
        }

        string versions = string.Join(", ", known.Select(static node => node.Version).Distinct(StringComparer.Ordinal));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"memcached {versions}, {known.Length} of {_nodes.Length} servers, {MiB(known, static node => node.UsedBytes)} of {
                MiB(known, static node => node.LimitBytes)} MiB, {known.Sum(static node => (double)node.Evictions):0} evictions");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            node.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private async ValueTask<bool> FetchPartAsync(
        string key, int part, FetchedItem item, SplitLayout layout, Shortest remaining, CancellationToken ct)
    {
        string partKey = SplitLayout.PartKey(key, part);
        var node = NodeOf(partKey);
        var (offset, length) = layout.Part(part);
        var request = new MetaRequest(MetaVerb.Get, partKey) { Lead = item.Digest, Target = item.Bytes.Memory.Slice(offset, length) };
        if (IsSkipped(node, NodeWork.Give) || await node.RunAsync(NodeWork.Give, request, Exchanges.FetchPartAsync, ct) is not { } seconds)
        {
            return false;
        }

        remaining.Add(seconds);
        return true;
    }

    private async ValueTask<bool> StorePartAsync(
        string key, int part, SplitLayout layout, ReadOnlyMemory<byte> digest, MetaRequest whole, CancellationToken ct)
    {
        var (offset, length) = layout.Part(part);
        await StoreAsync(
            whole with
            {
                Key = SplitLayout.PartKey(key, part),
                Lead = digest,
                Value = whole.Value.Slice(offset, length),
                ClientFlags = SplitLayout.PartFlags,
            },
            ct);
        return true;
    }

    private async ValueTask StoreAsync(MetaRequest request, CancellationToken ct)
    {
        var node = NodeOf(request.Key);
        var work = request.Value.Length > IKeyValueStore.ShortBytes ? NodeWork.Take : NodeWork.Short;
        if (await node.RunAsync(work, request, Exchanges.ChangeAsync, ct) is var code and not MetaCode.Done)
        {
            throw new KeyValueStoreException($"memcached {node.Name}: it has not stored a value ({code})");
        }
    }

    private static async Task<(NodeStatistics? Statistics, KeyValueStoreException? Failure)> DescribeAsync(
        MemcachedNode node, CancellationToken ct)
    {
        try
        {
            return (await node.RunSmallAsync(new MetaRequest(MetaVerb.Statistics, ""), Exchanges.DescribeAsync, ct), null);
        }
        catch (KeyValueStoreException exception)
        {
            return (null, exception);
        }
    }

    private MetaRequest ReadOf(string key) => new(MetaVerb.Get, key) { LongestAnswer = _itemBytes };

    private MemcachedNode NodeOf(string key) => _nodes.Length == 1 ? _nodes[0] : _nodes[_ring.ServerOf(PlaceOf(key))];

    // As Redis Cluster has it ("hash tags" of its specification): what stands in the first braces says where the key is.
    private static ReadOnlySpan<char> PlaceOf(string key)
    {
        int from = key.IndexOf('{', StringComparison.Ordinal) + 1;
        int length = from == 0 ? -1 : key.AsSpan(from).IndexOf('}');
        return length > 0 ? key.AsSpan(from, length) : key;
    }

    // One server is the store itself, which is said to be down.
    private void OnServerChanged(string server, string? reason)
    {
        if (_nodes.Length > 1)
        {
            ServerChanged?.Invoke(server, reason);
        }
    }

    // One that is away is no reason to take the others for away, too, as whoever counts failures would.
    private bool IsSkipped(MemcachedNode node, NodeWork work) =>
        node.IsAwayFor(work) && Array.Exists(_nodes, other => !other.IsAwayFor(work));

    // The server counts by a clock that moves once a second, so that up to one of them is over already.
    private static LeasedValue Lease(PooledBytes bytes, int remainingSeconds) => new(
        bytes.Memory,
        remainingSeconds < 0 ? IKeyValueStore.LongestLifetime : TimeSpan.FromSeconds(Math.Max(0, remainingSeconds - 1)),
        bytes);

    private static HostAndPort Address(string text) => HostAndPort.Parse(text, out var address) is { } problem
        ? throw new ArgumentException($"{text}: {problem}", nameof(text))
        : address;

    private static int SecondsOf(TimeSpan lifetime)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, IKeyValueStore.LongestLifetime);
        return (int)Math.Ceiling(lifetime.TotalSeconds);
    }

    // Everything else would be another request.
    private static void Check(string key)
    {
        if (key.Length is 0 or > LongestKey || key.AsSpan().ContainsAnyExcept(s_keyCharacters))
        {
            throw new ArgumentException("no key of a store", nameof(key));
        }
    }

    private void Check(string key, ReadOnlyMemory<byte> value)
    {
        Check(key);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, SplitLayout.LongestWhole(_itemBytes), nameof(value));
    }

    private static string MiB(NodeStatistics[] nodes, Func<NodeStatistics, ulong> bytes) =>
        nodes.Sum(node => bytes(node) / 1048576.0).ToString("0.#", CultureInfo.InvariantCulture);

    // Of the parts of a value: it is there as long as all of them are.
    private sealed class Shortest(int seconds)
    {
        private readonly Lock _lock = new();

        public int Seconds { get; private set; } = seconds;

        public void Add(int other)
        {
            lock (_lock)
            {
                Seconds = (Seconds, other) switch
                {
                    (_, < 0) => Seconds,
                    ( < 0, _) => other,
                    _ => Math.Min(Seconds, other),
                };
            }
        }
    }
}
