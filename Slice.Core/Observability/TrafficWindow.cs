namespace Slice.Core.Observability;

/// <summary>
/// The rates and means of the contract with dashboards and alerts, over the last five minutes (B69). Each is NaN while nothing happened in
/// them of which it could be the rate or the mean: an alert that compares NaN with a threshold is silent. Thread-safe.
/// </summary>
public sealed class TrafficWindow : IDisposable
{
    private const int Hits = 0;
    private const int Misses = 1;
    private const int Failed = 2;
    private const int Completed = 3;
    private const int Requests = 4;
    private const int Subrequests = 6;
    private const int Assemblies = 8;

    private readonly MovingWindow _window;

    /// <summary>A window that begins now.</summary>
    /// <param name="meter">What is counted.</param>
    /// <param name="time">The clock.</param>
    internal TrafficWindow(SliceMeter meter, TimeProvider time) => _window = new MovingWindow(
        time,
        [
            () => meter.CacheHits.Value,
            () => meter.CacheMisses.Value,
            () => meter.FailedSubrequests.Value,
            () => meter.CompletedSubrequests.Value,
            .. CountAndTicks(meter.RequestDuration.Recorded),
            .. CountAndTicks(meter.SubrequestDuration.Recorded),
            .. CountAndTicks(meter.AssemblyDuration),
        ]);

    /// <summary>Slices that came from the store, of those that clients wanted, in percent.</summary>
    public double HitRatePercent => Share(Hits, Misses);

    /// <summary>Subrequests that failed for good, of those that have finished, in percent.</summary>
    public double FailureRatePercent => Share(Failed, Completed);

    /// <summary>Mean time of a request in milliseconds.</summary>
    public double RequestMs => MeanMs(Requests);

    /// <summary>Mean time of a subrequest in milliseconds.</summary>
    public double SubrequestMs => MeanMs(Subrequests);

    /// <summary>Mean time between the first and the last byte of a response of slices, in milliseconds.</summary>
    public double AssemblyMs => MeanMs(Assemblies);

    /// <inheritdoc/>
    public void Dispose() => _window.Dispose();

    private static Func<long>[] CountAndTicks(DurationHistogram histogram) => [() => histogram.Count, () => histogram.Sum.Ticks];

    // 0 of 0 is NaN, as it should be.
    private double Share(int part, int rest)
    {
        long[] growth = _window.Growth();
        return 100.0 * growth[part] / (growth[part] + growth[rest]);
    }

    private double MeanMs(int count)
    {
        long[] growth = _window.Growth();
        return growth[count] == 0 ? double.NaN : (double)growth[count + 1] / growth[count] / TimeSpan.TicksPerMillisecond;
    }
}
