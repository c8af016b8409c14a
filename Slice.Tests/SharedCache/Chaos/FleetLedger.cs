using System.Diagnostics;

namespace Slice.Tests.SharedCache.Chaos;

/// <summary>
/// Who has seen which version when, and when the tier was away: from that follows the oldest version that somebody who asks may get.
/// Thread-safe; times are those of <see cref="Stopwatch"/>.
/// </summary>
/// <remarks>
/// <para>
/// A version counts as seen when an answer with it was complete, or when a PURGE that began after it had become the current one has been
/// answered by all instances. Nobody who begins to ask <c>coherence</c> and a margin later gets an older one from any instance.
/// </para>
/// <para>
/// An outage lasts from its beginning (a server is killed or stopped, an instance begins, or an instance says that its tier is down) until
/// every instance uses the tier again. What was seen before its end counts as seen at its end; so the fleet has the same time
/// to come together from there on, and nothing is excused afterwards. Nothing is asked of those who begin in between.
/// </para>
/// <para>
/// An instance that is killed takes with it what it had no time to tell: what it alone has seen within the bound before that, or during an
/// outage that had not been over for as long as that, counts as never seen.
/// </para>
/// </remarks>
/// <param name="bound">Coherence and the margin.</param>
internal sealed class FleetLedger(TimeSpan bound)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(FleetVariant Variant, int Version, int Instance), long> _seen = [];
    private readonly Dictionary<FleetVariant, List<(int Version, int Instance)>> _versions = [];
    private readonly List<(long From, long To)> _outages = [];
    private readonly HashSet<int> _killed = [];
    private long? _outageFrom;
    private TimeSpan _worst;

    /// <summary>
    /// How long after a newer version was seen an answer with an older one was last asked for, without an outage between.
    /// </summary>
    public TimeSpan Worst
    {
        get
        {
            lock (_lock)
            {
                return _worst;
            }
        }
    }

    /// <summary>How many answers there were.</summary>
    public int Judged { get; private set; }

    /// <summary>How many of them were asked for while no outage was under way, so that the bound was held against them.</summary>
    public int Held { get; private set; }

    /// <summary>An outage begins; nothing within one.</summary>
    public void BeginOutage()
    {
        lock (_lock)
        {
            _outageFrom ??= Stopwatch.GetTimestamp();
        }
    }

    /// <summary>The outage is over.</summary>
    public void EndOutage()
    {
        lock (_lock)
        {
            if (_outageFrom is { } from)
            {
                _outages.Add((from, Stopwatch.GetTimestamp()));
                _outageFrom = null;
            }
        }
    }

    /// <summary>An instance has delivered a version, or with -1 a purge was answered by all.</summary>
    public void Saw(FleetVariant seen, int version, int instance)
    {
        lock (_lock)
        {
            if (!_killed.Contains(instance) && _seen.TryAdd((seen, version, instance), Stopwatch.GetTimestamp()))
            {
                _versions.TryAdd(seen, []);
                _versions[seen].Add((version, instance));
            }
        }
    }

    /// <summary>An instance was killed.</summary>
    public void Killed(int instance)
    {
        lock (_lock)
        {
            _killed.Add(instance);
            long now = Stopwatch.GetTimestamp();
            foreach (var (seen, at) in _seen.Where(pair => pair.Key.Instance == instance).ToArray())
            {
                if (!TryEffective(at, now, out long effective) || Stopwatch.GetElapsedTime(effective, now) < bound)
                {
                    _seen.Remove(seen);
                    _versions[seen.Variant].Remove((seen.Version, instance));
                }
            }
        }
    }

    /// <summary>What is wrong with a version in an answer that was asked for at this time; null when nothing is.</summary>
    public string? Judge(FleetVariant asked, int version, long from)
    {
        lock (_lock)
        {
            Judged++;
            Held += _outageFrom is { } began && began <= from ? 0 : 1;
            string? problem = null;
            foreach (var (newer, instance) in _versions.GetValueOrDefault(asked, []))
            {
                long at = _seen[(asked, newer, instance)];
                if (newer <= version || at >= from || !TryEffective(at, from, out long effective))
                {
                    continue;
                }

                var late = Stopwatch.GetElapsedTime(effective, from);
                if (effective == at && late > _worst)
                {
                    _worst = late;
                }

                if (late > bound)
                {
                    problem = $"version {version} of {asked} was asked for {late.TotalMilliseconds:0} ms after "
                        + $"version {newer} had been seen by {(instance < 0 ? "a purge" : $"instance {instance}")} "
                        + $"({(effective == at ? "no outage since" : "counted from the end of an outage")})";
                }
            }

            return problem;
        }
    }

    // When something counts as seen, by what is known at some moment; false for not yet.
    private bool TryEffective(long at, long now, out long effective)
    {
        effective = at;
        if (_outageFrom is { } from && from <= now)
        {
            return false;
        }

        foreach (var outage in _outages)
        {
            if (outage.From <= now && outage.To >= at)
            {
                effective = Math.Max(effective, outage.To);
            }
        }

        return effective <= now;
    }
}
