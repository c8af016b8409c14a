using System.Globalization;

namespace Slice.Net.SharedCache;

/// <summary>
/// A server that is left alone for <see cref="Time"/> after each failure. Then one caller tries it and the others still do not, until that
/// has gone well. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class NodeRest(TimeProvider time)
{
    /// <summary>200 ms, arbitrary, short against the time a person takes to notice.</summary>
    public static readonly TimeSpan Time = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private volatile string? _reason;
    private long _failedAt;

    /// <summary>Whether it has failed, and nothing has gone well since.</summary>
    public bool IsNeeded => _reason is not null;

    /// <summary>Whether nobody would ask now.</summary>
    public bool IsOn
    {
        get
        {
            if (_reason is null)
            {
                return false;
            }

            lock (_lock)
            {
                return _reason is not null && time.GetElapsedTime(_failedAt) < Time;
            }
        }
    }

    /// <summary>Null when the server may be asked, else why not. Of many that come after the rest, one may.</summary>
    public string? WhyNot()
    {
        if (_reason is null)
        {
            return null;
        }

        lock (_lock)
        {
            var elapsed = time.GetElapsedTime(_failedAt);
            if (_reason is null || elapsed >= Time)
            {
                _failedAt = time.GetTimestamp();
                return null;
            }

            return string.Create(CultureInfo.InvariantCulture, $"{_reason} ({elapsed.TotalMilliseconds:0} ms ago)");
        }
    }

    /// <summary>Begins, or begins anew.</summary>
    public void Begin(string reason)
    {
        lock (_lock)
        {
            _failedAt = time.GetTimestamp();
            _reason = reason;
        }
    }

    /// <summary>The attempt has told nothing: the next caller may make another one at once.</summary>
    public void TryAgain()
    {
        if (_reason is not null)
        {
            lock (_lock)
            {
                _failedAt = time.GetTimestamp() - (long)(Time.TotalSeconds * time.TimestampFrequency);
            }
        }
    }

    /// <summary>Ends: something has gone well.</summary>
    public void End()
    {
        if (_reason is not null)
        {
            lock (_lock)
            {
                _reason = null;
            }
        }
    }
}
