using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// Keeps a shared directory in order. Each instance has one; every minute, and sooner when much was written, one of them makes a pass.
/// Thread-safe; passes are made on a thread of its own.
/// </summary>
internal sealed class Janitor : IAsyncDisposable
{
    private const long NsPerSecond = 1_000_000_000;

    // A pass takes a tenth of the time at most: many files of a slow server are looked at less often.
    private const int RestPart = 10;
    private const int LostPeriods = 3;
    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_renewal = TimeSpan.FromSeconds(10);

    // Between two looks of an instance that has written much.
    private static readonly TimeSpan s_pressingPause = TimeSpan.FromSeconds(1);

    // What a hung thread costs the end of the process.
    private static readonly TimeSpan s_longestEnd = TimeSpan.FromSeconds(1);

    private readonly Func<OpenDirectory> _open;
    private readonly string _instance;
    private readonly FileWriter _writer;
    private readonly CounterFiles _counters;
    private readonly DirectoryBudget _budget;
    private readonly TimeProvider _time;
    private readonly JanitorLock _lock;
    private readonly FileThreads _threads;
    private readonly ITimer _timer;
    private volatile bool _isStopped;
    private JanitorPass? _last;
    private string? _problem;
    private long _lastLookAt;
    private int _isLooking;
    private int _nextPart;

    /// <summary>Begins to wait for the first minute to end.</summary>
    /// <param name="open">Gives the directory; throws as long as there is none.</param>
    /// <param name="instance">Which instance this is.</param>
    /// <param name="writer">Makes its files.</param>
    /// <param name="counters">Trims counters.</param>
    /// <param name="budget">What this instance may write between two passes.</param>
    /// <param name="time">When the next one is due.</param>
    public Janitor(
        Func<OpenDirectory> open,
        string instance,
        FileWriter writer,
        CounterFiles counters,
        DirectoryBudget budget,
        TimeProvider time)
    {
        (_open, _instance, _writer, _counters, _budget, _time) = (open, instance, writer, counters, budget, time);
        _lock = new JanitorLock(writer, instance, (long)s_period.TotalSeconds * LostPeriods * NsPerSecond);
        _threads = new FileThreads("the shared directory's janitor", maxThreads: 1, maxWaiting: 1);
        _lastLookAt = time.GetTimestamp() - (long)(s_pressingPause.TotalSeconds * time.TimestampFrequency);
        _timer = time.CreateTimer(static janitor => ((Janitor)janitor!).Look(), this, s_period, s_period);
    }

    /// <summary>What the last pass found that this instance has heard of; null before the first.</summary>
    public JanitorPass? Last => Volatile.Read(ref _last);

    /// <summary>What the last look met, in words; null when it went well.</summary>
    public string? Problem => Volatile.Read(ref _problem);

    /// <summary>Comes soon when the budget says so. Cheap; called after each write.</summary>
    public void Press()
    {
        if (_budget.IsPressing && _time.GetElapsedTime(Volatile.Read(ref _lastLookAt)) >= s_pressingPause)
        {
            Look();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _isStopped = true;
        await _timer.DisposeAsync().ConfigureAwait(false);
        await _threads.CloseAsync(s_longestEnd).ConfigureAwait(false);
    }

    /// <summary>Looks whether a pass is due, and makes it. Blocks.</summary>
    /// <param name="isForced">Whether one is due in any case.</param>
    /// <returns>Whether there was one; false also while another instance makes one.</returns>
    internal bool TryPass(bool isForced)
    {
        var directory = _open();
        long nowNs = directory.NowNs();
        if (JanitorPass.Read(directory) is { } last)
        {
            _budget.Seen(last);
            Volatile.Write(ref _last, last);
            if (!isForced && !_budget.IsPressing && !IsDue(last, nowNs) && !last.Grants.Any(IsOwn))
            {
                return false;
            }
        }

        bool takesMore = _budget.WantsMore;
        long mark = _budget.Mark(nowNs);
        if (!_lock.TryTake(directory))
        {
            return false;
        }

        try
        {
            return TrySweep(directory, mark, takesMore);
        }
        finally
        {
            _lock.Release(directory);
        }
    }

    private void Look()
    {
        if (Interlocked.Exchange(ref _isLooking, 1) != 0)
        {
            return;
        }

        Volatile.Write(ref _lastLookAt, _time.GetTimestamp());
        if (!_threads.TryPost(LookOnThread))
        {
            Volatile.Write(ref _isLooking, 0);
        }
    }

    private void LookOnThread()
    {
        try
        {
            _ = TryPass(isForced: false);
            Volatile.Write(ref _problem, null);
        }
        catch (Exception error) when (error is FileErrorException or KeyValueStoreException or ObjectDisposedException)
        {
            // Operations meet the same and say it; the next look comes anyway.
            Volatile.Write(ref _problem, error.Message);
        }
        finally
        {
            Volatile.Write(ref _isLooking, 0);
        }
    }

    // Also when it is of the future, as after the server's clock was set back. Half a period, so that of the looks of several instances at
    // slightly different times each finds one due or none.
    private static bool IsDue(JanitorPass last, long nowNs) =>
        nowNs - last.StartedAtNs >= Math.Max((long)s_period.TotalSeconds * NsPerSecond / 2, last.TookNs * RestPart)
        || last.StartedAtNs - nowNs > (long)s_period.TotalSeconds * NsPerSecond;

    private bool IsOwn(RoomGrant grant) => grant.Instance == _instance;

    private bool TrySweep(OpenDirectory directory, long mark, bool takesMore)
    {
        long startedAt = _time.GetTimestamp();
        long renewedAt = startedAt;
        long startedAtNs = directory.NowNs();
        RoomGrant[] others = [.. (JanitorPass.Read(directory)?.Grants ?? [])
            .Where(grant => !IsOwn(grant) && grant.CountsAt(startedAtNs))];
        bool isRefused = _budget.TakeRefusal();
        var sweep = new DirectorySweep(directory, _counters, GoesOn);
        if (sweep.Walk(_nextPart) is not { } next)
        {
            return false;
        }

        // A quota of one user does not show in what is available: there is room for what is there, it seems, and no more.
        long sizeBytes = DirectoryRoom.SizeFor(_budget.ConfiguredBytes, sweep.UsedBytes + directory.AvailableBytes());
        sizeBytes = isRefused ? Math.Min(sizeBytes, sweep.UsedBytes) : sizeBytes;
        long keptBytes = DirectoryBudget.KeptOf(sizeBytes);
        if (!sweep.TryKeep(keptBytes))
        {
            return false;
        }

        _nextPart = next;
        long freeBytes = Math.Max(0, keptBytes - sweep.UsedBytes - others.Sum(static grant => grant.Bytes));
        var own = HeldGrant.Now(takesMore && others.Length < RoomGrant.Most ? freeBytes / 2 : 0, _time);
        var pass = new JanitorPass(
            startedAtNs, (long)_time.GetElapsedTime(startedAt).TotalNanoseconds, sweep.UsedBytes, sweep.Values, sweep.CountInstances())
        {
            SizeBytes = sizeBytes,
            Grants = own.Bytes > 0 ? [.. others, RoomGrant.For(_instance, own.Bytes, directory.NowNs())] : others,
        };
        pass.Write(directory, _writer);
        _budget.Swept(pass, mark, own);
        if (own.Bytes > 0)
        {
            // To give it back, or to take what is left then.
            _timer.Change(RoomGrant.LookedAtAfter, s_period);
        }

        Volatile.Write(ref _last, pass);
        return true;

        bool GoesOn()
        {
            if (_isStopped)
            {
                return false;
            }

            if (_time.GetElapsedTime(renewedAt) < s_renewal)
            {
                return true;
            }

            renewedAt = _time.GetTimestamp();
            return _lock.TryRenew(directory);
        }
    }
}
