namespace Slice.Core.SharedCache;

/// <summary>
/// Whether a store that is up refuses what it is given: it is full and evicts nothing, or its limit for one value is lower than the
/// instance was told. Short values may go in meanwhile. Thread-safe.
/// </summary>
internal sealed class TierRefusals
{
    // Arbitrary: one refusal is an accident, and a store that refuses only long values takes some short ones between two of them.
    private const int MostRefusals = 4;
    private const int WritesToBelieve = 64;

    private readonly Lock _lock = new();
    private int _refusals;
    private int _writtenInRow;
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
            if (_refusals == 0 || ++_writtenInRow < WritesToBelieve)
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
