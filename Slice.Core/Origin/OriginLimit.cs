namespace Slice.Core.Origin;

/// <summary>
/// How many subrequests the origin bears at once, over all downloads: as many as the operator allows, until the origin says that they are
/// too many. It says so with a 429 or 503 to a slice, or by answers that come the later the more there are. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// A slice that is refused halves the limit, as congestion does in TCP (RFC 5681): half of those at the origin at that moment, one at
/// least. One that was alone there was not refused for its number, and refusals of what was asked for before the last cut say nothing new.
/// Answers to as many slices as the limit is add one to it, until it is what the operator allows, and then there is none. A first request
/// does not count: its 503 may be one application's, and nothing to do with us.
/// </para>
/// <para>
/// The latency of a round, which is as many answers, is the shortest among them: a path that is slow by nature does not make the others
/// late, a queue at the origin does. Where a round is more than three times as late as the best one, the limit is halved on trial. When the
/// next round comes a quarter sooner, it was our load; when not, the trial is undone, and this latency is the usual one from then on:
/// an origin that is far away, or has moved there, or is slow because of others, is not asked for less.
/// </para>
/// </remarks>
public sealed class OriginLimit
{
    // A new connection with TLS takes three round trips where a kept one takes one; and a busy machine takes long to wake up. Arbitrary.
    private const int LateFactor = 3;
    private static readonly TimeSpan s_lateBy = TimeSpan.FromMilliseconds(20);

    // A round of fewer would judge by chance. Arbitrary.
    private const int LeastOfRound = 8;

    // After a trial that was in vain: two kinds of paths that take turns would have one every other round. Arbitrary.
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly OriginGate _gate;
    private readonly TimeProvider _time;
    private int _most;
    private int _limit;

    // Answers to what was asked for before are of another limit.
    private long _changedAt;
    private int _answers;
    private int _peak;
    private TimeSpan _latency = TimeSpan.MaxValue;

    private TimeSpan _best = TimeSpan.MaxValue;
    private (TimeSpan Latency, int Limit)? _trial;
    private long? _restsSince;

    /// <summary>The limit of a gate that lets in as many as the operator allows.</summary>
    public OriginLimit(OriginGate gate, TimeProvider time)
    {
        (_gate, _time) = (gate, time);
        _most = _limit = gate.Limit;
        _changedAt = time.GetTimestamp();
    }

    /// <summary>Changes what the operator allows. What was learned of the origin stays.</summary>
    public void Allow(int most)
    {
        lock (_lock)
        {
            _limit = _limit == _most ? most : Math.Min(_limit, most);
            _most = most;
            _gate.Resize(_limit);
        }
    }

    /// <summary>The head of the answer to a slice has come.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="sentAt">When it was asked for, as a timestamp of the clock.</param>
    public void Answered(int status, long sentAt)
    {
        lock (_lock)
        {
            if (sentAt < _changedAt)
            {
                return;
            }

            int inside = _gate.Inside;
            if (status is 429 or 503)
            {
                if (inside > 1)
                {
                    _trial = null;
                    Set(Math.Min(_limit, inside) / 2);
                }

                return;
            }

            var latency = _time.GetElapsedTime(sentAt);
            _latency = latency < _latency ? latency : _latency;
            _peak = Math.Max(_peak, inside);
            if (++_answers >= Math.Max(Math.Min(_limit, _peak), _limit == _most ? LeastOfRound : 1))
            {
                EndRound();
            }
        }
    }

    private void EndRound()
    {
        var latency = _latency;
        _best = latency < _best ? latency : _best;
        if (_trial is { } trial)
        {
            _trial = null;
            if (latency > trial.Latency * 0.75)
            {
                _best = latency;
                _restsSince = _time.GetTimestamp();
                Set(trial.Limit);
                return;
            }
        }
        else if (latency > (_best * LateFactor) + s_lateBy && _peak > 1 && !IsResting())
        {
            _trial = (latency, _limit);
            Set(_peak / 2);
            return;
        }

        BeginRound();
        if (_limit < _most)
        {
            _gate.Resize(++_limit);
        }
    }

    private bool IsResting() => _restsSince is { } since && _time.GetElapsedTime(since) < s_rest;

    private void Set(int limit)
    {
        _limit = Math.Clamp(limit, 1, _most);
        _changedAt = _time.GetTimestamp();
        BeginRound();
        _gate.Resize(_limit);
    }

    private void BeginRound() => (_answers, _peak, _latency) = (0, 0, TimeSpan.MaxValue);
}
