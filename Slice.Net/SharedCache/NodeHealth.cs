using System.Globalization;
using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache;

/// <summary>
/// Whether a server is known to be away. It is once it has refused a connection, or has let a request meet its deadline while it had
/// answered nobody for a moment (<see cref="LastAnswer"/>): for <see cref="RestTime"/> nobody waits
/// for it then, after which one caller tries it and the others still do not, until it has answered. Thread-safe.
/// </summary>
/// <param name="longestSilence">How long it may take to answer anybody.</param>
/// <param name="time">The clock.</param>
internal sealed class NodeHealth(TimeSpan longestSilence, TimeProvider time)
{
    /// <summary>How long nobody asks it after each failure: 200 ms, arbitrary, short against the time a person takes to notice.</summary>
    public static readonly TimeSpan RestTime = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly LastAnswer _lastAnswer = new(longestSilence, time);
    private volatile string? _reason;
    private volatile bool _isLost;
    private long _failedAt;

    /// <summary>Whether this process has more to do than threads to do it.</summary>
    public Func<bool> IsMachineBehind { get; init; } = LastAnswer.IsMachineBehind;

    /// <summary>Whether it would not be asked now.</summary>
    public bool IsAway
    {
        get
        {
            if (_reason is null)
            {
                return false;
            }

            lock (_lock)
            {
                return _reason is not null && time.GetElapsedTime(_failedAt) < RestTime;
            }
        }
    }

    /// <summary>Null when it may be asked, else why not. Of many that come after the rest, one may.</summary>
    public string? WhyNot()
    {
        if (_reason is null)
        {
            return null;
        }

        lock (_lock)
        {
            var elapsed = time.GetElapsedTime(_failedAt);
            if (_reason is null || elapsed >= RestTime)
            {
                _failedAt = time.GetTimestamp();
                return null;
            }

            return string.Create(CultureInfo.InvariantCulture, $"{_reason} ({elapsed.TotalMilliseconds:0} ms ago)");
        }
    }

    /// <summary>It could not be reached, or does not answer.</summary>
    public void Failed(string reason)
    {
        lock (_lock)
        {
            _failedAt = time.GetTimestamp();
            _reason = reason;
            _isLost = true;
        }
    }

    /// <summary>It has closed a connection, as it does when it ends.</summary>
    public void Lost() => _isLost = true;

    /// <summary>A request has met its deadline: the server is away, unless it, or this machine, is only busy.</summary>
    /// <param name="beganAt">When the request began, as a timestamp of the clock.</param>
    /// <param name="reason">What did not come in time; null for its answer.</param>
    public void StayedSilent(long beganAt, string? reason = null)
    {
        if (!_lastAnswer.Excuses(beganAt, IsMachineBehind()))
        {
            Failed(reason ?? string.Create(CultureInfo.InvariantCulture, $"no answer within {longestSilence.TotalMilliseconds:0} ms"));
        }
    }

    /// <summary>It has answered; true when it was lost before, for one caller.</summary>
    public bool Answered()
    {
        _lastAnswer.Note();
        if (_reason is null && !_isLost)
        {
            return false;
        }

        lock (_lock)
        {
            bool wasLost = _isLost;
            _reason = null;
            _isLost = false;
            return wasLost;
        }
    }
}
