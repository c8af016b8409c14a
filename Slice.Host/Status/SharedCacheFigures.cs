using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.SharedCache;

namespace Slice.Host.Status;

/// <summary>The shared tier, as the status page shows it: the tier itself, and how often it had things of late. Thread-safe.</summary>
internal sealed class SharedCacheFigures : IDisposable
{
    private const int Hits = 0;
    private const int All = 1;

    private readonly MovingWindow _window;

    /// <summary>Figures that begin now.</summary>
    /// <param name="tier">The tier.</param>
    /// <param name="type">What the configuration says it is.</param>
    /// <param name="time">The clock of the last minutes.</param>
    public SharedCacheFigures(SharedTier tier, SharedCacheType type, TimeProvider time)
    {
        (Tier, Type) = (tier, type);
        _window = new MovingWindow(time, () => Count("hit"), CountAsked);
    }

    /// <summary>The tier.</summary>
    public SharedTier Tier { get; }

    /// <summary>What the configuration says it is.</summary>
    public SharedCacheType Type { get; }

    /// <summary>
    /// What was found within the last five minutes, of what the store was asked for, in percent; NaN when it was asked for nothing. What
    /// was skipped because the store was down is not counted.
    /// </summary>
    public double HitRatePercent
    {
        get
        {
            long[] growth = _window.Growth();
            return 100.0 * growth[Hits] / growth[All];
        }
    }

    /// <summary>How often something was looked for with this result, a word of <see cref="TierMeter.Reads"/>.</summary>
    public long Count(string result) => CountOf(Tier.Meter.Reads, result);

    /// <summary>One count of several under labels; 0 for a label that was not seen yet.</summary>
    public static long CountOf(LabelledCounter counter, string label) =>
        counter.Read().FirstOrDefault(pair => pair.Key == label).Value;

    /// <inheritdoc/>
    public void Dispose() => _window.Dispose();

    private long CountAsked() => Tier.Meter.Reads.Read().Where(static pair => pair.Key != "skipped").Sum(static pair => pair.Value);
}
