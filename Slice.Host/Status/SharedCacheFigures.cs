using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.SharedCache;

namespace Slice.Host.Status;

/// <summary>
/// The shared tier, as the status page shows it: the tier itself, how often it had things of late, and what its store says of itself.
/// Thread-safe.
/// </summary>
internal sealed class SharedCacheFigures : IAsyncDisposable
{
    // Nothing in it changes fast, and some stores count all that they have. Both arbitrary.
    private static readonly TimeSpan s_description = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private const int Hits = 0;
    private const int All = 1;

    private readonly MovingWindow _window;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private Task _look = Task.CompletedTask;
    private long _lookedAt = long.MinValue;
    private string? _description;

    /// <summary>Figures that begin now.</summary>
    /// <param name="tier">The tier.</param>
    /// <param name="type">What the configuration says it is.</param>
    /// <param name="time">The clock.</param>
    public SharedCacheFigures(SharedTier tier, SharedCacheType type, TimeProvider time)
    {
        (Tier, Type, _time) = (tier, type, time);
        _window = new MovingWindow(time, () => Count("hit"), CountAsked);
    }

    /// <summary>The tier.</summary>
    public SharedTier Tier { get; }

    /// <summary>What the configuration says it is.</summary>
    public SharedCacheType Type { get; }

    /// <summary>
    /// What was found within the last five minutes, of what the store was asked for, in percent; NaN when it was asked for nothing.
    /// </summary>
    public double HitRatePercent
    {
        get
        {
            long[] growth = _window.Growth();
            return 100.0 * growth[Hits] / growth[All];
        }
    }

    /// <summary>
    /// What the store has said of itself; null when it has not yet, or does not tell. It is asked again in the background when somebody
    /// looks who finds the answer old.
    /// </summary>
    public string? Description
    {
        get
        {
            lock (_lock)
            {
                bool isOld = _lookedAt == long.MinValue || _time.GetElapsedTime(_lookedAt) >= s_description;
                if (isOld && _look.IsCompleted && Tier.State == TierState.Up && !_stopping.IsCancellationRequested)
                {
                    _lookedAt = _time.GetTimestamp();
                    _look = Task.Run(LookAsync);
                }
            }

            return Volatile.Read(ref _description);
        }
    }

    /// <summary>How often something was looked for with this result, a word of <see cref="TierMeter.Reads"/>.</summary>
    public long Count(string result) => CountOf(Tier.Meter.Reads, result);

    /// <summary>One count of several under labels; 0 for a label that was not seen yet.</summary>
    public static long CountOf(LabelledCounter counter, string label) =>
        counter.Read().FirstOrDefault(pair => pair.Key == label).Value;

    /// <summary>Ends the look that is under way. What is told afterwards is what was known.</summary>
    public async ValueTask DisposeAsync()
    {
        Task look;
        lock (_lock)
        {
            _stopping.Cancel();
            look = _look;
        }

        await look;
        _window.Dispose();
    }

    // Never throws.
    private async Task LookAsync()
    {
        using var limit = new CancellationTokenSource(s_patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
        try
        {
            Volatile.Write(ref _description, await Tier.Access.Store.DescribeAsync(either.Token));
        }
        catch (Exception error) when (error is KeyValueStoreException or OperationCanceledException)
        {
            Volatile.Write(ref _description, null);
        }
    }

    private long CountAsked() =>
        Tier.Meter.Reads.Read().Where(static pair => pair.Key is not ("skipped" or "busy")).Sum(static pair => pair.Value);
}
