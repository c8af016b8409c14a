using System.Buffers.Binary;
using Slice.Core.SharedCache;

namespace Slice.Tests.Support;

/// <summary>A store of one instance over a <see cref="MemoryKeyValueServer"/>.</summary>
internal sealed class MemoryKeyValueStore : IKeyValueStore
{
    private readonly MemoryKeyValueServer _server;

    public MemoryKeyValueStore(MemoryKeyValueServer server, bool canTell)
    {
        _server = server;
        CanTell = canTell;
        server.Join(this);
    }

    public string Name => "memory";

    public Action? Told { get; set; }

    public bool CanTell { get; }

    public bool LosesSome => true;

    public bool IsPartlyThere { get; set; }

    public bool GivesBeginnings => true;

    public ValueTask<LeasedValue?> GetAsync(string key, CancellationToken ct) => GetBeginningAsync(key, int.MaxValue, ct);

    public ValueTask<LeasedValue?> GetBeginningAsync(string key, int lengthBytes, CancellationToken ct) => _server.RunAsync(
        "get",
        key,
        values => values.TryGetValue(key, out var value)
            ? new LeasedValue(
                value.Value.AsSpan(0, Math.Min(value.Value.Length, lengthBytes)).ToArray(),
                _server.Time.GetElapsedTime(_server.Time.GetTimestamp(), value.EndsAt),
                null)
            : null,
        ct);

    public async ValueTask SetAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct) =>
        await _server.RunAsync("set", key, values => values[key] = Stored(key, value, lifetime), ct);

    public ValueTask<bool> TryAddAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct) =>
        _server.RunAsync("add", key, values => values.TryAdd(key, Stored(key, value, lifetime)), ct);

    public ValueTask<bool> TryRenewAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct) =>
        _server.RunAsync(
            "renew",
            key,
            values =>
            {
                bool isSame = values.TryGetValue(key, out var stored) && stored.Value.AsSpan().SequenceEqual(value.Span);
                if (isSame)
                {
                    values[key] = Stored(key, value, lifetime);
                }

                return isSame;
            },
            ct);

    public async ValueTask RemoveAsync(string key, CancellationToken ct) =>
        await _server.RunAsync("remove", key, values => values.Remove(key), ct);

    public ValueTask<long> IncrementAsync(string key, long first, long addend, CancellationToken ct) =>
        CountAsync("increment", key, first, addend, ct);

    public ValueTask<long> EnsureCounterAsync(string key, long first, CancellationToken ct) => CountAsync("ensure", key, first, 0, ct);

    private ValueTask<long> CountAsync(string name, string key, long first, long addend, CancellationToken ct) => _server.RunAsync(
        name,
        key,
        values =>
        {
            long number = values.TryGetValue(key, out var value) ? BinaryPrimitives.ReadInt64LittleEndian(value.Value) + addend : first;
            byte[] bytes = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
            values[key] = (bytes, EndOf(IKeyValueStore.LongestLifetime));
            return number;
        },
        ct);

    public ValueTask<long> ReadCounterAsync(string key, CancellationToken ct) => _server.RunAsync(
        "read", key, values => values.TryGetValue(key, out var value) ? BinaryPrimitives.ReadInt64LittleEndian(value.Value) : 0, ct);

    public async ValueTask TellAsync(CancellationToken ct)
    {
        await _server.RunAsync("tell", "", static _ => true, ct);
        if (CanTell)
        {
            _server.Tell(this);
        }
    }

    public ValueTask<string> DescribeAsync(CancellationToken ct) => _server.RunAsync("describe", "", static _ => "a test's memory", ct);

    public ValueTask DisposeAsync()
    {
        _server.Leave(this);
        return ValueTask.CompletedTask;
    }

    private long EndOf(TimeSpan lifetime) =>
        _server.Time.GetTimestamp() + (long)(lifetime.TotalSeconds * _server.Time.TimestampFrequency);

    private (byte[] Value, long EndsAt) Stored(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime)
    {
        byte[] bytes = value.ToArray();
        return (_server.Damage?.Invoke(key, bytes) ?? bytes, EndOf(lifetime));
    }
}
