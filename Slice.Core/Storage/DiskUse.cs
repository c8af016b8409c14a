namespace Slice.Core.Storage;

/// <summary>
/// Whether the store does something at the disk: writes to it, or takes more of it. A disk that is full, fails, or was remounted read-only
/// must not cost clients anything: it is left alone, what is stored is served on, and after a pause it is tried again. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class DiskUse(TimeProvider time)
{
    /// <summary>Pause before the disk is tried again. Arbitrary; long against the cost of trying.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private bool _isStopped;
    private long _failedAt;

    /// <summary>
    /// Told of each change of state, with the reason when it has stopped and null when it goes on. Set once, before use; must not throw.
    /// </summary>
    public Action<string?>? Changed { get; set; }

    /// <summary>Makes the message of an error one for people. Set once, before use.</summary>
    internal Func<string, string> Shown { get; set; } = static message => message;

    /// <summary>Whether it has stopped.</summary>
    public bool IsStopped => Volatile.Read(ref _isStopped);

    /// <summary>Whether it may be tried: nothing has failed, or long enough ago.</summary>
    public bool MayTry
    {
        get
        {
            if (!IsStopped)
            {
                return true;
            }

            lock (_lock)
            {
                return !_isStopped || time.GetElapsedTime(_failedAt) >= Pause;
            }
        }
    }

    /// <summary>The disk refused.</summary>
    public void Failed(Exception error)
    {
        lock (_lock)
        {
            _failedAt = time.GetTimestamp();
            if (_isStopped)
            {
                return;
            }

            _isStopped = true;
        }

        Changed?.Invoke(Shown(error.Message));
    }

    /// <summary>The disk did it.</summary>
    public void Succeeded()
    {
        if (!IsStopped)
        {
            return;
        }

        lock (_lock)
        {
            if (!_isStopped)
            {
                return;
            }

            _isStopped = false;
        }

        Changed?.Invoke(null);
    }
}
