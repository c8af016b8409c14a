using System.Globalization;
using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache;

/// <summary>
/// Whether a server is known to be away, for everything or for values alone; nobody waits for it then (<see cref="NodeRest"/>).
/// Thread-safe.
/// </summary>
/// <remarks>
/// It is away for everything once it has refused a connection, or has let a request meet its deadline while it had answered nobody for a
/// moment (<see cref="LastAnswer"/>). A server that answers what is short, and gives or takes no value for ten times as long as one
/// may take, is away for that: its disk hangs, or the path to it swallows long packets.
/// </remarks>
/// <param name="longestSilence">How long it may take to answer anybody; a value may take twice as long.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">
/// Called with the reason when it is away for longer than a moment, and with null when it is back; null for nobody. Must not wait.
/// </param>
internal sealed class NodeHealth(TimeSpan longestSilence, TimeProvider time, Action<string?>? changed = null)
{
    private readonly LastAnswer _lastAnswer = new(longestSilence, time);
    private readonly NodeRest _rest = new(time);
    private readonly Values _given = new(time);
    private readonly Values _taken = new(time);
    private readonly NodeReport _report = new(time, changed ?? (static _ => { }));
    private volatile bool _isLost;

    /// <summary>Whether this process has more to do than threads to do it.</summary>
    public Func<bool> IsMachineBehind { get; init; } = LastAnswer.IsMachineBehind;

    /// <summary>Whether it has been away for longer than a moment.</summary>
    public bool IsDown => _report.IsDown;

    /// <summary>Whether it has failed, or refused a connection, and has answered nobody since.</summary>
    public bool HasFailed => _rest.IsNeeded || _report.IsFailing;

    /// <summary>Whether it would not be asked now.</summary>
    public bool IsAwayFor(NodeWork work) => _rest.IsOn || ValuesOf(work) is { Rest.IsOn: true };

    /// <summary>Null when it may be asked, else why not. Of many that come after its rest, one may.</summary>
    public string? WhyNot(NodeWork work)
    {
        // Whoever is sent away by one rest must not have used up the one attempt of the other.
        var values = ValuesOf(work)?.Rest;
        return values is { IsOn: true } ? values.WhyNot() : _rest.WhyNot() ?? values?.WhyNot();
    }

    /// <summary>How long it may take over some work before that says something.</summary>
    public TimeSpan LongestOf(NodeWork work) => work == NodeWork.Short ? longestSilence : 2 * longestSilence;

    /// <summary>It could not be reached, or does not answer.</summary>
    public void Failed(string reason)
    {
        _rest.Begin(reason);
        _isLost = true;
        _report.Failed(reason);
    }

    /// <summary>
    /// Somebody who tries again by himself has no connection: that is for people, and no reason to leave the server alone.
    /// </summary>
    public void FailedToConnect(string reason) => _report.Failed(reason);

    /// <summary>He has one.</summary>
    public void Connected()
    {
        if (!_given.Rest.IsNeeded && !_taken.Rest.IsNeeded)
        {
            _report.Answered();
        }
    }

    /// <summary>It has closed a connection, as it does when it ends.</summary>
    public void Lost() => _isLost = true;

    /// <summary>A request has met its deadline: the server is away, unless it, or this machine, is only busy.</summary>
    /// <param name="work">What was asked.</param>
    /// <param name="beganAt">When the request began, as a timestamp of the clock.</param>
    /// <param name="reason">What did not come in time; null for its answer.</param>
    public void StayedSilent(NodeWork work, long beganAt, string? reason = null)
    {
        if (!_lastAnswer.Excuses(beganAt, IsMachineBehind()))
        {
            Failed(reason ?? string.Create(CultureInfo.InvariantCulture, $"no answer within {longestSilence.TotalMilliseconds:0} ms"));
        }

        var longest = LastAnswer.MostTimeoutsBehind * LongestOf(work);
        if (ValuesOf(work) is { } values && values.LastsFor(beganAt, longest))
        {
            string verb = work == NodeWork.Take ? "taken" : "given";
            string noValue = string.Create(CultureInfo.InvariantCulture, $"no value {verb} for {longest.TotalMilliseconds:0} ms");
            values.Rest.Begin(noValue);
            _report.Failed(noValue, lasts: true);
        }
    }

    /// <summary>It has answered; true when it was lost before, for one caller.</summary>
    /// <param name="work">What was asked.</param>
    /// <param name="isValue">Whether a value has come or gone. That there is none tells nothing of those that there are.</param>
    public bool Answered(NodeWork work, bool isValue)
    {
        _lastAnswer.Note();
        _rest.End();
        if (isValue && work != NodeWork.Begin)
        {
            ValuesOf(work)?.End();
        }
        else
        {
            ValuesOf(work)?.Rest.TryAgain();
        }

        bool isBack = _isLost && Interlocked.Exchange(ref _isLost, false);
        if (isBack)
        {
            // With what it had before, or without; nothing is known of its values.
            _given.End();
            _taken.End();
        }

        Connected();
        return isBack;
    }

    private Values? ValuesOf(NodeWork work) => work switch
    {
        NodeWork.Give or NodeWork.Begin => _given,
        NodeWork.Take => _taken,
        _ => null,
    };

    private sealed class Values(TimeProvider time)
    {
        private readonly TierSilence _silence = new(time);

        public NodeRest Rest { get; } = new(time);

        public void End()
        {
            lock (_silence)
            {
                _silence.End();
            }

            Rest.End();
        }

        public bool LastsFor(long beganAt, TimeSpan longest)
        {
            lock (_silence)
            {
                return _silence.LastsFor(beganAt, longest);
            }
        }
    }
}
