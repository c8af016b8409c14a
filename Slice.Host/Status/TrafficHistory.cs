using Slice.Core.Observability;
using Slice.Net.Delivery;

namespace Slice.Host.Status;

/// <summary>
/// What was counted in each second of the last five minutes. Requests notice nothing: the sums are looked at once a second. Thread-safe.
/// </summary>
/// <remarks>
/// The metrics have the bytes of a response when the response ends. Here, those that deliveries under way have sent are added, so that a
/// download of an hour shows for an hour. A response between its last byte and its place in the metrics is in neither for a moment;
/// the totals never go back for that, and the bytes show a second later.
/// </remarks>
internal sealed class TrafficHistory : IDisposable
{
    /// <summary>Seconds that are kept.</summary>
    public const int Seconds = 300;

    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly SliceMeter _meter;
    private readonly ActiveDeliveries _deliveries;
    private readonly TrafficSample[] _samples = new TrafficSample[Seconds];
    private readonly ITimer _timer;
    private TrafficSample _totals;
    private long _count;
    private int _isTicking;

    /// <summary>A history that begins now.</summary>
    /// <param name="meter">What is counted.</param>
    /// <param name="deliveries">What is not counted yet.</param>
    /// <param name="time">The clock.</param>
    public TrafficHistory(SliceMeter meter, ActiveDeliveries deliveries, TimeProvider time)
    {
        (_meter, _deliveries) = (meter, deliveries);
        _totals = ReadTotals();
        _timer = time.CreateTimer(static history => ((TrafficHistory)history!).Tick(), this, s_step, s_step);
    }

    /// <summary>Called each second after the sample of that second was taken, never twice at once. Set once; must not throw.</summary>
    public Action? Ticked { get; set; }

    /// <summary>The latest samples, the oldest first.</summary>
    /// <param name="most">Most samples, 1 to <see cref="Seconds"/>.</param>
    /// <param name="last">The number of the last one, counted from 1; 0 for none yet.</param>
    public TrafficSample[] Read(int most, out long last)
    {
        lock (_lock)
        {
            last = _count;
            int length = (int)Math.Min(Math.Min(most, Seconds), _count);
            var samples = new TrafficSample[length];
            for (int index = 0; index < length; index++)
            {
                samples[index] = _samples[(_count - length + index) % Seconds];
            }

            return samples;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        // A timer does not wait for its last callback.
        if (Interlocked.Exchange(ref _isTicking, 1) == 1)
        {
            return;
        }

        Take();
        Ticked?.Invoke();
        Volatile.Write(ref _isTicking, 0);
    }

    private void Take()
    {
        var now = ReadTotals();
        lock (_lock)
        {
            var before = _totals;
            _totals = new TrafficSample(
                Math.Max(before.ToClients, now.ToClients),
                Math.Max(before.FromOrigin, now.FromOrigin),
                now.Requests,
                now.SlicesHit,
                now.SlicesMissed);
            _samples[_count++ % Seconds] = new TrafficSample(
                _totals.ToClients - before.ToClients,
                _totals.FromOrigin - before.FromOrigin,
                _totals.Requests - before.Requests,
                _totals.SlicesHit - before.SlicesHit,
                _totals.SlicesMissed - before.SlicesMissed);
        }
    }

    private TrafficSample ReadTotals() => new(
        _meter.BytesToClient.Value + _deliveries.CountSentBytes(),
        _meter.BytesFromOrigin.Value,
        _meter.Requests,
        _meter.CacheHits.Value,
        _meter.CacheMisses.Value);
}
