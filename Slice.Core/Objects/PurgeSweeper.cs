namespace Slice.Core.Objects;

/// <summary>
/// Holds every object of an index against the purges in force, behind the requests: so that what is purged leaves memory and disk, the
/// purges can say how many objects they were for, and old ones can be forgotten. Owns a thread, from the first purge to its disposal.
/// Thread-safe.
/// </summary>
public sealed class PurgeSweeper : IDisposable
{
    // Objects between two moments in which the thread offers its core to others, some 100 µs. Arbitrary.
    private const int StepObjects = 1024;

    private readonly ObjectIndex _index;
    private readonly AutoResetEvent _woken = new(false);
    private readonly Lock _lock = new();
    private Thread? _thread;
    private volatile bool _isStopping;

    /// <summary>The sweeper of an index that has none yet.</summary>
    public PurgeSweeper(ObjectIndex index)
    {
        _index = index;
        index.Purges.Added = Wake;
    }

    /// <summary>
    /// Called on the thread with what nobody has expected. The purges stay in force; the next one makes the thread try again. Set once,
    /// before use; must not throw.
    /// </summary>
    public Action<Exception>? Faulted { get; set; }

    /// <summary>Ends the thread; waits until it has ended.</summary>
    public void Dispose()
    {
        Thread? thread;
        lock (_lock)
        {
            _isStopping = true;
            thread = _thread;
        }

        _woken.Set();
        thread?.Join();
        _woken.Dispose();
    }

    private void Wake()
    {
        lock (_lock)
        {
            if (_isStopping)
            {
                return;
            }

            if (_thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "cache-purge" };
                _thread.Start();
            }

            _woken.Set();
        }
    }

    private void Run()
    {
        while (true)
        {
            _woken.WaitOne();
            if (_isStopping)
            {
                return;
            }

            try
            {
                Sweep();
            }
            catch (Exception error)
            {
                // What is thrown on a thread of its own ends the process. The look-ups hold the objects against the purges as before.
                Faulted?.Invoke(error);
            }
        }
    }

    private void Sweep()
    {
        // An object that comes meanwhile is held against the purges by those who publish it.
        long number = _index.Purges.Latest;
        int objects = 0;
        foreach (var generation in _index.Generations)
        {
            _index.EnforcePurges(generation, dropsHere: true);
            if (++objects % StepObjects == 0)
            {
                if (_isStopping)
                {
                    return;
                }

                Thread.Yield();
            }
        }

        _index.Purges.MarkSwept(number);
    }
}
