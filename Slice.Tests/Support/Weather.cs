using Slice.Core.SharedCache;

namespace Slice.Tests.Support;

/// <summary>What happens between instances and the store that they share: the same for all of them, and changed at any time.</summary>
internal sealed class Weather
{
    private TaskCompletionSource _calm = Done();
    private volatile bool _isAway;

    /// <summary>Whether every operation fails at once.</summary>
    public bool IsAway
    {
        get => _isAway;
        set => _isAway = value;
    }

    /// <summary>Whether the store takes no value.</summary>
    public bool IsFull { get; set; }

    /// <summary>Changes what is read; null to leave values as they are, and a null value loses one.</summary>
    public Func<string, byte[], byte[]?>? Reading { get; set; }

    /// <summary>The keys on a server that is away; null for none.</summary>
    public Predicate<string>? Unreachable { get; set; }

    /// <summary>What an increment waits for; null for nothing.</summary>
    public Func<Task>? Counting { get; set; }

    /// <summary>What a short value waits for after it was read; null for nothing.</summary>
    public Func<string, Task>? HasRead { get; set; }

    /// <summary>From now on no operation is answered until <see cref="Calm"/>.</summary>
    public void Silence() => Volatile.Write(ref _calm, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Operations are answered again.</summary>
    public void Calm() => Volatile.Read(ref _calm).TrySetResult();

    internal async ValueTask PassAsync(string key, CancellationToken ct)
    {
        await Volatile.Read(ref _calm).Task.WaitAsync(ct);
        if (IsAway || Unreachable?.Invoke(key) == true)
        {
            throw new KeyValueStoreException("the weather of the test");
        }
    }

    private static TaskCompletionSource Done()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }
}
