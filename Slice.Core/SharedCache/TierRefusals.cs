namespace Slice.Core.SharedCache;

/// <summary>
/// Whether a store that is up refuses what it is given: it is full and evicts nothing, or its limit for one value is lower than the
/// instance was told. Short values may go in meanwhile. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class TierRefusals(TimeProvider time)
{
    // Arbitrary: one refusal is an accident, and a store that refuses only long values takes some short ones between two of them.
    private const int MostRefusals = 4;
    private const int WritesToBelieve = 64;

    // A directory that is written faster than it is cleaned up refuses every other second: one line, and not one for each. Arbitrary.
    private static readonly TimeSpan s_calmToBelieve = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private int _refusals;
    private int _writtenInRow;
    private long _refusedAt;
    private bool _isRefusing;

    /// <summary>
    /// Called with the reason when the store begins to refuse, and with null when it takes everything again. Must not wait.
    /// </summary>
    public Action<string?>? Changed { get; set; }

    /// <summary>The store has refused a value.</summary>
    public void Refused(string reason)
    {
        lock (_lock)
        {
            _writtenInRow = 0;
            _refusedAt = time.GetTimestamp();
            _refusals++;
            if (_isRefusing || _refusals < MostRefusals)
            {
                return;
            }

            _isRefusing = true;
        }

        Changed?.Invoke(reason);
    }

    /// <summary>The store has taken a value.</summary>
    public void Written()
    {
        lock (_lock)
        {
            if (_refusals == 0
                || ++_writtenInRow < WritesToBelieve
                || (_isRefusing && time.GetElapsedTime(_refusedAt) < s_calmToBelieve))
            {
                return;
            }

            (_refusals, _writtenInRow) = (0, 0);
            if (!_isRefusing)
            {
                return;
            }

            _isRefusing = false;
        }

        Changed?.Invoke(null);
    }
}
