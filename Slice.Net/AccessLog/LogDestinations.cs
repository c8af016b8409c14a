namespace Slice.Net.AccessLog;

/// <summary>
/// The destinations of the access log, one after the other: the owner adds the latest, and the thread of the log goes from each to the next
/// when it has written the lines of the one before. Thread-safe.
/// </summary>
/// <param name="time">The clock of <see cref="Stop"/> and <see cref="TakeNext"/>.</param>
internal sealed class LogDestinations(TimeProvider time)
{
    // Reloads while a target holds the thread up. Each keeps two buffers of lines; arbitrary.
    private const int MaxWaiting = 4;

    // What the lines of before may cost those of a new target. Arbitrary.
    private static readonly TimeSpan s_longestChange = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<LogDestination> _waiting = new();
    private bool _mustReopen;
    private bool _isStopping;
    private long _endsAt;

    /// <summary>The one that was added last; null before the first.</summary>
    public LogDestination? Latest { get; private set; }

    /// <summary>Adds a destination and closes the one before: requests must find the new one by now.</summary>
    /// <param name="destination">The new one; its target is the thread's from now on.</param>
    /// <returns>Lines of a destination that is given up, as too many wait.</returns>
    public int Add(LogDestination destination)
    {
        lock (_lock)
        {
            Latest?.Queue.Close();
            int lost = _waiting.Count == MaxWaiting ? GiveUp(_waiting.Dequeue()) : 0;
            _waiting.Enqueue(destination);
            Latest = destination;
            return lost;
        }
    }

    /// <summary>Has the thread open its target again.</summary>
    public void Reopen()
    {
        lock (_lock)
        {
            _mustReopen = true;
            Latest?.Queue.Wake();
        }
    }

    /// <summary>Has the thread write what is queued, and end. No line is taken any more.</summary>
    /// <param name="longest">What it may take.</param>
    public void Stop(TimeSpan longest)
    {
        lock (_lock)
        {
            _isStopping = true;
            _endsAt = TimestampIn(longest);
            Latest?.Queue.Close();
        }
    }

    /// <summary>Takes what the thread has to do next.</summary>
    /// <returns>
    /// The destination to go to, or null to stay; whether to open the target again; whether there is nothing behind; and the time, by
    /// <see cref="TimeProvider.GetTimestamp"/>, at which lines that are to be finished now are given up.
    /// </returns>
    public (LogDestination? Next, bool MustReopen, bool IsLast, long EndsAt) TakeNext()
    {
        lock (_lock)
        {
            bool mustReopen = _mustReopen;
            _mustReopen = false;
            _ = _waiting.TryDequeue(out var next);
            return (next, mustReopen, _isStopping && _waiting.Count == 0,
                _isStopping ? _endsAt : TimestampIn(s_longestChange));
        }
    }

    private long TimestampIn(TimeSpan delay) => time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);

    // Closed since the next was added.
    private static int GiveUp(LogDestination destination)
    {
        destination.Target?.Dispose();
        return destination.Queue.Take(out _).Span.Count((byte)'\n');
    }
}
