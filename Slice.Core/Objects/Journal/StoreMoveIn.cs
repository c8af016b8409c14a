using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// Moves a store that began in memory into its directory as soon as the directory can be used, without a restart. Thread-safe.
/// </summary>
/// <remarks>
/// What the directory holds is used again, as after a restart, as far as nothing that has happened meanwhile speaks against it: a PURGE,
/// an unsafe request, another version. New slices go to disk from then on. What was in memory is dropped, with the leases that are out as
/// long as they are needed: a download that is running finishes, and the memory is given back.
/// </remarks>
public sealed class StoreMoveIn : IDisposable
{
    /// <summary>Pause between two attempts. Arbitrary; as long as a disk that refuses writes is left alone.</summary>
    public static readonly TimeSpan Interval = DiskUse.Pause;

    /// <summary>Pause between two attempts while another process is about to let go of the directory. Arbitrary.</summary>
    public static readonly TimeSpan LockInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _attempting = new();
    private readonly Func<RecoveredIndex> _attempt;
    private readonly bool _waitsForLock;
    private readonly ITimer _timer;
    private volatile CacheDirectoryException? _problem;
    private bool _isOver;

    /// <summary>One that was tried once, in vain.</summary>
    /// <param name="attempt">Moves in, or throws and changes nothing.</param>
    /// <param name="problem">Why the first attempt failed.</param>
    /// <param name="waitsForLock">See <see cref="StoreOpening.WaitsForLock"/>.</param>
    /// <param name="time">The clock.</param>
    internal StoreMoveIn(Func<RecoveredIndex> attempt, CacheDirectoryException problem, bool waitsForLock, TimeProvider time)
    {
        (_attempt, _problem, _waitsForLock) = (attempt, problem, waitsForLock);
        _timer = time.CreateTimer(static self => ((StoreMoveIn)self!).Try(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Why the store is in memory; null once it has moved.</summary>
    public CacheDirectoryException? Problem => _problem;

    /// <summary>Called when the store has moved, with what was found. Set before <see cref="Start"/>; must not throw.</summary>
    public Action<RecoveredIndex>? Moved { get; set; }

    /// <summary>Called when the reason has become another one. Set before <see cref="Start"/>; must not throw.</summary>
    public Action<CacheDirectoryException>? ProblemChanged { get; set; }

    /// <summary>
    /// Called with what nobody has expected, a fault of ours for instance; tried again all the same. Set before <see cref="Start"/>; must
    /// not throw.
    /// </summary>
    public Action<Exception>? Faulted { get; set; }

    /// <summary>How long until the next attempt.</summary>
    public TimeSpan NextIn => _waitsForLock && _problem?.Cause == CacheDirectoryCause.InUse ? LockInterval : Interval;

    /// <summary>Begins to try.</summary>
    public void Start() => Schedule();

    /// <summary>Tries no more. Waits for an attempt that is under way.</summary>
    public void Dispose()
    {
        lock (_attempting)
        {
            _isOver = true;
        }

        _timer.Dispose();
    }

    // On a thread of the timer: it may wait for the disk, a second for a million slices.
    private void Try()
    {
        lock (_attempting)
        {
            if (_isOver)
            {
                return;
            }

            try
            {
                var recovered = _attempt();
                _isOver = true;
                _problem = null;
                Moved?.Invoke(recovered);
            }
            catch (CacheDirectoryException problem)
            {
                bool isAnother = problem.Cause != _problem?.Cause;
                _problem = problem;
                if (isAnother)
                {
                    ProblemChanged?.Invoke(problem);
                }
            }
            catch (Exception error)
            {
                Faulted?.Invoke(error);
            }

            if (!_isOver)
            {
                Schedule();
            }
        }
    }

    private void Schedule() => _timer.Change(NextIn, Timeout.InfiniteTimeSpan);
}
