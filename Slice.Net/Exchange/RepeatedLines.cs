namespace Slice.Net.Exchange;

/// <summary>
/// Lets the first line of a kind through at once and sums up those that follow within a second, second by second for as long as they come:
/// an outage has one line per second and cause, not one per request. Thread-safe; bounded.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="sumUp">Writes that a line was held back so many times; on a timer's thread, or from <see cref="Dispose"/>.</param>
internal sealed class RepeatedLines(TimeProvider time, Action<LineCause, long> sumUp) : IDisposable
{
    // An origin has at most 16 addresses, and there are some 20 reasons; more than this are summed up together.
    private const int MaxCauses = 256;

    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);
    private static readonly LineCause s_others = new("others", "", "");

    private readonly Lock _lock = new();
    private readonly Dictionary<LineCause, long> _heldBack = [];
    private ITimer? _timer;
    private bool _isDisposed;

    /// <summary>Whether a line is to be written now; else it is counted.</summary>
    public bool MayWrite(LineCause cause)
    {
        lock (_lock)
        {
            if (_heldBack.Count >= MaxCauses && !_heldBack.ContainsKey(cause))
            {
                cause = s_others;
            }

            if (_heldBack.TryGetValue(cause, out long count))
            {
                _heldBack[cause] = count + 1;
                return false;
            }

            if (_heldBack.Count == 0 && !_isDisposed)
            {
                _timer?.Dispose();
                _timer = time.CreateTimer(static lines => ((RepeatedLines)lines!).EndPeriod(), this, s_period, s_period);
            }

            _heldBack.Add(cause, 0);
            return true;
        }
    }

    /// <summary>Sums up what was held back.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _timer?.Dispose();
            _timer = null;
        }

        EndPeriod();
    }

    private void EndPeriod()
    {
        List<(LineCause Cause, long Count)> sums = [];
        lock (_lock)
        {
            foreach (var (cause, count) in _heldBack)
            {
                sums.Add((cause, count));
                if (count == 0)
                {
                    // Nothing for a second: the next one is the first again.
                    _heldBack.Remove(cause);
                }
                else
                {
                    _heldBack[cause] = 0;
                }
            }

            if (_heldBack.Count == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }
        }

        foreach (var (cause, count) in sums)
        {
            if (count > 0)
            {
                sumUp(cause, count);
            }
        }
    }
}
