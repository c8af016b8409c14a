namespace Slice.Core.SharedCache;

/// <summary>
/// Whether a store that is up refuses what it is given, or to give what it has: it is full and evicts nothing, or its limit for one value
/// is not the one that the instance was told. Short values may go well meanwhile. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class TierRefusals(TimeProvider time)
{
    // Arbitrary: one refusal is an accident, and a store that refuses only long values takes some short ones between two of them.
    private const int MostRefusals = 4;
    private const int ToBelieve = 64;

    // Many short values between the long ones would be two lines each time, as would a directory that is written faster than it is cleaned
    // up. Arbitrary.
    private static readonly TimeSpan s_quiet = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private int _refusals;
    private int _wellInRow;
    private long _lastAt;
    private bool _isRefusing;

    /// <summary>
    /// Called with the reason when the store begins to refuse, and with null when all goes well again. Must not wait.
    /// </summary>
    public Action<string?>? Changed { get; set; }

    /// <summary>The store has refused a value.</summary>
    public void Refused(string reason)
    {
        lock (_lock)
        {
            _wellInRow = 0;
            _refusals++;
            _lastAt = time.GetTimestamp();
            if (_isRefusing || _refusals < MostRefusals)
            {
                return;
            }

            _isRefusing = true;
        }

        Changed?.Invoke(reason);
    }

    /// <summary>The store has taken a value, or given one.</summary>
    public void WentWell()
    {
        lock (_lock)
        {
            if (_refusals == 0 || ++_wellInRow < ToBelieve || (_isRefusing && time.GetElapsedTime(_lastAt) < s_quiet))
            {
                return;
            }

            (_refusals, _wellInRow) = (0, 0);
            if (!_isRefusing)
            {
                return;
            }

            _isRefusing = false;
        }

        Changed?.Invoke(null);
    }
}
