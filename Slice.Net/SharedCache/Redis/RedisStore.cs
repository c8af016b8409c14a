using Slice.Core.Options;
using Slice.Core.SharedCache;
using StackExchange.Redis;

namespace Slice.Net.SharedCache.Redis;

/// <summary>
/// Redis, or a server that speaks as it does, as the store that instances share: one server, sentinels with their primary, or a cluster.
/// Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// Long values are read over <see cref="SharedCacheOptions.Connections"/> connections in turn, and written over as many others. Leases,
/// counters, news and short values have one of their own, and so have beginnings, so that none of them waits behind megabytes.
/// </para>
/// <para>
/// No scripts: a user with few rights, and servers without Lua, do without. Everything is asked of a primary: a replica knows a lease or a
/// counter a moment later, and then two instances hold it.
/// </para>
/// </remarks>
public sealed class RedisStore : IKeyValueStore
{
    // 64 MiB: what waits for a server that has stopped to take anything is in the library's memory until it is given up.
    private const long MostUnwrittenBytes = 64L << 20;

    private const CommandFlags Flags = CommandFlags.DemandMaster;

    private readonly RedisConnection _control;
    private readonly RedisConnection _beginnings;
    private readonly RedisConnection[] _reading;
    private readonly RedisConnection[] _writing;
    private readonly RedisChannel _news;
    private readonly RedisNodes _nodes;
    private readonly byte[] _self = Guid.NewGuid().ToByteArray();
    private readonly string? _sentinel;
    private int _turn;
    private volatile bool _hasBegun;
    private volatile bool _mayNotGiveBeginnings;
    private long _unwrittenBytes;

    /// <summary>A store that connects when it is asked for the first time.</summary>
    public RedisStore(SharedCacheOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _nodes = new RedisNodes(options.Timeout, time, (node, reason) => ServerChanged?.Invoke(node, reason));
        Name = "redis " + string.Join(", ", options.Addresses);
        _sentinel = options.Sentinel;
        _news = RedisChannel.Literal(options.Prefix + "news");
        _control = new RedisConnection(options, Name, time, ListenAsync) { Attempted = _nodes.Attempted };
        _beginnings = new RedisConnection(options, Name, time, static (_, _) => Task.CompletedTask);
        _reading = ConnectionsFor(options, time);
        _writing = ConnectionsFor(options, time);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public Action? Told { get; set; }

    /// <inheritdoc/>
    public Action<string, string?>? ServerChanged { get; set; }

    /// <inheritdoc/>
    public int ServersDown => _nodes.Down;

    /// <inheritdoc/>
    public bool IsPartlyThere => _nodes.ArePartlyThere;

    /// <inheritdoc/>
    public bool CanTell => true;

    /// <inheritdoc/>
    public bool LosesSome => true;

    /// <inheritdoc/>
    public bool GivesBeginnings => !_mayNotGiveBeginnings;

    /// <inheritdoc/>
    public ValueTask<LeasedValue?> GetAsync(string key, CancellationToken ct) =>
        GetAsync(NextOf(_reading), key, isSure: false, RedisReading.ReadAsync, ct);

    /// <inheritdoc/>
    public ValueTask<LeasedValue?> GetShortAsync(string key, bool isSure, CancellationToken ct) =>
        GetAsync(_control, key, isSure, RedisReading.ReadAsync, ct);

    /// <inheritdoc/>
    public async ValueTask<LeasedValue?> GetBeginningAsync(string key, int lengthBytes, CancellationToken ct)
    {
        try
        {
            return await GetAsync(
                _beginnings, key, isSure: false, (database, name) => RedisReading.ReadBeginningAsync(database, name, lengthBytes), ct);
        }
        catch (KeyValueStoreException refusal) when (refusal.InnerException is RedisServerException
        {
            Kind: RedisErrorKind.NoPermission or RedisErrorKind.UnknownCommand,
        })
        {
            // Until the next start: each further attempt would be a line in the server's log.
            _mayNotGiveBeginnings = true;
            throw;
        }
    }

    private async ValueTask<LeasedValue?> GetAsync(
        RedisConnection connection, string key, bool isSure, Func<IDatabase, string, Task<LeasedValue?>> read, CancellationToken ct)
    {
        var multiplexer = await ConnectedAsync(connection, ct);
        if (!isSure && _nodes.IsSkipped(_nodes.NodeOf(multiplexer, key), WorkOf(connection)))
        {
            return null;
        }

        Task<LeasedValue?>? reading = null;
        try
        {
            return await RunAsync(connection, key, database => reading = read(database, key), ct);
        }
        catch
        {
            RedisReading.ReturnMemory(reading);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask SetAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct) =>
        value.Length > IKeyValueStore.ShortBytes ? SetLongAsync(key, value, lifetime, ct) : SetShortAsync(key, value, lifetime, ct);

    /// <inheritdoc/>
    public ValueTask<bool> TryAddAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct) => RunAsync(
        _control, key, database => database.StringSetAsync(key, value.ToArray(), RoundUp(lifetime), When.NotExists, Flags), ct);

    /// <inheritdoc/>
    public async ValueTask<bool> TryRenewAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct)
    {
        // WATCH would need a connection of its own: the library blocks a thread and the connection until it is answered. So GET, and GETEX
        // when the value is ours. In between it may have ended and somebody else may have added his, which then begins its time anew: it
        // was as old as one answer takes.
        var found = await RunAsync(_control, key, database => database.StringGetAsync(key, Flags), ct);
        return IsSame(found, value) && IsSame(
            await RunAsync(_control, key, database => database.StringGetSetExpiryAsync(key, RoundUp(lifetime), Flags), ct), value);
    }

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(string key, CancellationToken ct) =>
        await RunAsync(_control, key, database => database.KeyDeleteAsync(key, Flags), ct);

    /// <inheritdoc/>
    public async ValueTask<long> IncrementAsync(string key, long first, long addend, CancellationToken ct)
    {
        try
        {
            // In one MULTI, or a server that is full could evict the key between the first command and the second.
            return await RunAsync(_control, key, Count, ct);
        }
        catch (KeyValueStoreException refusal) when (refusal.InnerException is RedisServerException { Kind: RedisErrorKind.ExecAbort })
        {
            // The reason was the answer to one of the commands, which the library drops. By itself one is answered with it.
            await TryBeginAsync(key, first - 1, ct);
            throw;
        }

        Task<long> Count(IDatabase database)
        {
            var transaction = database.CreateTransaction();
            Forget(transaction.StringSetAsync(key, first - addend, IKeyValueStore.LongestLifetime, When.NotExists, Flags));
            var number = transaction.StringIncrementAsync(key, addend, Flags);
            Forget(transaction.KeyExpireAsync(key, IKeyValueStore.LongestLifetime, Flags));
            return NumberAsync(transaction.ExecuteAsync(Flags), number);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<long> EnsureCounterAsync(string key, long first, CancellationToken ct)
    {
        return await TryBeginAsync(key, first, ct) ? first
            : await ReadCounterAsync(key, ct) is > 0 and var number ? number
            : throw new KeyValueStoreException($"{Name}: {key} was there, and is not any more");
    }

    /// <inheritdoc/>
    public async ValueTask<long> ReadCounterAsync(string key, CancellationToken ct)
    {
        var number = await RunAsync(_control, key, database => database.StringGetAsync(key, Flags), ct);
        return number.IsNull ? 0
            : number.TryParse(out long counter) ? counter
            : throw new KeyValueStoreException($"{Name}: {key} is no counter");
    }

    /// <inheritdoc/>
    public async ValueTask TellAsync(CancellationToken ct)
    {
        var multiplexer = await _control.MultiplexerAsync(ct);
        await _control.AnswerAsync(Start(_control, () => multiplexer.GetSubscriber().PublishAsync(_news, _self)), ct);
    }

    /// <inheritdoc/>
    public async ValueTask<string> DescribeAsync(CancellationToken ct)
    {
        var multiplexer = await _control.MultiplexerAsync(ct);
        return await _control.AnswerAsync(Start(_control, () => RedisDescription.ReadAsync(multiplexer, _sentinel)), ct);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _control.DisposeAsync();
        foreach (var connection in _reading.Concat(_writing).Append(_beginnings))
        {
            await connection.DisposeAsync();
        }
    }

    // Some failures come out of the call itself.
    private static Task<T> Start<T>(RedisConnection connection, Func<Task<T>> call)
    {
        try
        {
            return call();
        }
        catch (Exception error) when (RedisFailure.IsOne(error))
        {
            throw connection.Explain(error);
        }
    }

    // Redis counts milliseconds.
    private static TimeSpan RoundUp(TimeSpan lifetime) => TimeSpan.FromMilliseconds(Math.Ceiling(lifetime.TotalMilliseconds));

    private static bool IsSame(RedisValue found, ReadOnlyMemory<byte> value) =>
        !found.IsNull && ((ReadOnlyMemory<byte>)found).Span.SequenceEqual(value.Span);

    // What a command inside of a transaction answers is the transaction's answer too.
    private static void Forget(Task part) =>
        part.ContinueWith(
            static ended => ended.Exception,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

    private static async Task<long> NumberAsync(Task<bool> transaction, Task<long> number)
    {
        await transaction;
        return await number;
    }

    private RedisConnection[] ConnectionsFor(SharedCacheOptions options, TimeProvider time) =>
        [.. Enumerable.Range(0, options.Connections).Select(_ => new RedisConnection(options, Name, time, (_, _) => Task.CompletedTask))];

    private RedisConnection NextOf(RedisConnection[] all) => all[(uint)Interlocked.Increment(ref _turn) % (uint)all.Length];

    // All connections begin with the first operation: whoever only reads is told of news, and no later operation waits for a handshake.
    private ValueTask<ConnectionMultiplexer> ConnectedAsync(RedisConnection connection, CancellationToken ct)
    {
        if (!_hasBegun)
        {
            ct.ThrowIfCancellationRequested();
            _hasBegun = true;
            _control.Begin();
            _beginnings.Begin();
            Array.ForEach(_reading, static one => one.Begin());
            Array.ForEach(_writing, static one => one.Begin());
        }

        return connection.MultiplexerAsync(ct);
    }

    private async ValueTask<T> RunAsync<T>(RedisConnection connection, string key, Func<IDatabase, Task<T>> call, CancellationToken ct)
    {
        var multiplexer = await ConnectedAsync(connection, ct);
        return await _nodes.RunAsync(
            _nodes.NodeOf(multiplexer, key),
            Name,
            WorkOf(connection),
            () => connection.AnswerAsync(Start(connection, () => call(multiplexer.GetDatabase())), ct));
    }

    private NodeWork WorkOf(RedisConnection connection) =>
        connection == _control ? NodeWork.Short
        : connection == _beginnings ? NodeWork.Begin
        : Array.IndexOf(_reading, connection) >= 0 ? NodeWork.Give : NodeWork.Take;

    private ValueTask<bool> TryBeginAsync(string counter, long number, CancellationToken ct) => RunAsync(
        _control, counter, database => database.StringSetAsync(counter, number, IKeyValueStore.LongestLifetime, When.NotExists, Flags), ct);

    private async ValueTask SetShortAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct) =>
        await RunAsync(
            _control, key, database => database.StringSetAsync(key, value.ToArray(), RoundUp(lifetime), When.Always, Flags), ct);

    private async ValueTask SetLongAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct)
    {
        if (Interlocked.Add(ref _unwrittenBytes, value.Length) > MostUnwrittenBytes)
        {
            Interlocked.Add(ref _unwrittenBytes, -value.Length);
            throw new KeyValueStoreException($"{Name}: {MostUnwrittenBytes >> 20} MiB of values wait for an answer");
        }

        var borrowed = new BorrowedValue(value);
        Task<bool>? setting = null;
        try
        {
            await RunAsync(
                NextOf(_writing),
                key,
                database => setting = CountedAsync(
                    value.Length, () => database.StringSetAsync(key, borrowed.Bytes, RoundUp(lifetime), When.Always, Flags)),
                ct);
        }
        finally
        {
            if (setting is null)
            {
                Interlocked.Add(ref _unwrittenBytes, -value.Length);
            }

            borrowed.TakeBack(setting ?? Task.CompletedTask);
        }
    }

    private async Task<bool> CountedAsync(int length, Func<Task<bool>> set)
    {
        try
        {
            return await set();
        }
        finally
        {
            Interlocked.Add(ref _unwrittenBytes, -length);
        }
    }

    private async Task ListenAsync(ConnectionMultiplexer multiplexer, CancellationToken ct)
    {
        multiplexer.ConnectionRestored += (_, _) => Told?.Invoke();
        multiplexer.ConfigurationChanged += (_, _) => Told?.Invoke();

        // Kept by the library, and asked for again with each connection, whatever becomes of the first attempt.
        await multiplexer.GetSubscriber().SubscribeAsync(_news, (_, sender) => OnNews(sender)).WaitAsync(ct);
    }

    private void OnNews(RedisValue sender)
    {
        if (sender != _self)
        {
            Told?.Invoke();
        }
    }
}
