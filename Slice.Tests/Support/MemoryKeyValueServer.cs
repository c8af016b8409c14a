using System.Collections.Concurrent;
using Slice.Core.SharedCache;

namespace Slice.Tests.Support;

/// <summary>
/// What several <see cref="MemoryKeyValueStore"/> share: a server in memory that can be taken away, made silent, emptied, and looked at.
/// Thread-safe.
/// </summary>
/// <param name="time">Its clock; null for the system's.</param>
internal sealed class MemoryKeyValueServer(TimeProvider? time = null)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (byte[] Value, long EndsAt)> _values = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<MemoryKeyValueStore, byte> _stores = new();
    private TaskCompletionSource _silence = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isAway;
    private volatile bool _isSilent;

    /// <summary>Every operation so far: its name, a space and the key.</summary>
    public ConcurrentQueue<string> Operations { get; } = new();

    /// <summary>Changes a value before it is stored; null to leave all as they are.</summary>
    public Func<string, byte[], byte[]>? Damage { get; set; }

    /// <summary>Whether an operation is over when its call returns; default false, as over a network.</summary>
    public bool IsInline { get; init; }

    /// <summary>Keys whose operations fail at once, as those at one node of several that is away; null for none.</summary>
    public Predicate<string>? IsLost { get; set; }

    /// <summary>Whether every operation fails at once.</summary>
    public bool IsAway
    {
        get => _isAway;
        set => _isAway = value;
    }

    /// <summary>Whether no operation is answered; those that wait go on when it is false again.</summary>
    public bool IsSilent
    {
        get => _isSilent;
        set
        {
            lock (_lock)
            {
                _isSilent = value;
                if (!value)
                {
                    _silence.TrySetResult();
                    _silence = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }
        }
    }

    /// <summary>The clock by which values end.</summary>
    public TimeProvider Time { get; } = time ?? TimeProvider.System;

    /// <summary>A store over it.</summary>
    public MemoryKeyValueStore Open(bool canTell = true) => new(this, canTell);

    /// <summary>The keys that have a value.</summary>
    public string[] Keys
    {
        get
        {
            lock (_lock)
            {
                return [.. _values.Keys];
            }
        }
    }

    /// <summary>Forgets the values whose keys <paramref name="which"/> is true for.</summary>
    public void Forget(Predicate<string> which)
    {
        lock (_lock)
        {
            foreach (string key in _values.Keys.Where(key => which(key)).ToArray())
            {
                _values.Remove(key);
            }
        }
    }

    /// <summary>What it has now, for <see cref="PutBack"/>.</summary>
    public IReadOnlyDictionary<string, (byte[] Value, long EndsAt)> Copy()
    {
        lock (_lock)
        {
            return new Dictionary<string, (byte[] Value, long EndsAt)>(_values, StringComparer.Ordinal);
        }
    }

    /// <summary>Has what it had earlier and nothing else, as a server that was started from a copy on disk.</summary>
    public void PutBack(IReadOnlyDictionary<string, (byte[] Value, long EndsAt)> copy)
    {
        lock (_lock)
        {
            _values.Clear();
            foreach (var (key, value) in copy)
            {
                _values.Add(key, value);
            }
        }
    }

    internal void Join(MemoryKeyValueStore store) => _stores.TryAdd(store, 0);

    internal void Leave(MemoryKeyValueStore store) => _stores.TryRemove(store, out _);

    internal void Tell(MemoryKeyValueStore teller)
    {
        foreach (var store in _stores.Keys.Where(store => store != teller))
        {
            store.Told?.Invoke();
        }
    }

    internal async ValueTask<T> RunAsync<T>(
        string name, string key, Func<Dictionary<string, (byte[] Value, long EndsAt)>, T> operation, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Operations.Enqueue($"{name} {key}");
        if (!IsInline)
        {
            await Task.Yield();
        }

        while (_isSilent)
        {
            Task silence;
            lock (_lock)
            {
                silence = _silence.Task;
            }

            await silence.WaitAsync(ct);
        }

        if (_isAway || IsLost?.Invoke(key) == true)
        {
            throw new KeyValueStoreException("the server of the test is away");
        }

        lock (_lock)
        {
            if (_values.TryGetValue(key, out var value) && value.EndsAt <= Time.GetTimestamp())
            {
                _values.Remove(key);
            }

            return operation(_values);
        }
    }
}
