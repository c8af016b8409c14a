using Slice.Core.Options;

namespace Slice.Net.Origin;

/// <summary>
/// Which address of the origin is asked next, after what became of earlier requests (passive health: nothing is probed). Thread-safe; never
/// waits.
/// </summary>
/// <remarks>
/// <para>Healthy addresses are asked in turn. An address that fails <c>max_failures</c> times in a row, none of them longer than
/// <c>rest</c> after the one
/// before, rests for <c>rest</c>. After that one request tries it: an answer brings it back, a failure lets it rest again. Until then the
/// others are asked; a resting one only when no healthy one is left to this request, the one that has rested longest first. So nobody gets
/// an error without a try.</para>
/// <para>Calls: <see cref="Next"/>, the request, exactly one <see cref="Report"/> with the turn. Two requests are out at one address; the
/// first fails and
/// lets it rest; then the second, sent before, is answered. That answer says nothing about now. So each change of an address begins an
/// epoch, and reports of an earlier epoch are ignored.</para>
/// </remarks>
internal sealed class OriginHealth
{
    private readonly Lock _lock = new();
    private readonly Address[] _addresses;
    private readonly UpstreamHealthOptions _options;
    private readonly TimeProvider _time;
    private int _next;

    /// <summary>Health of <paramref name="count"/> addresses, 1 to <see cref="OriginAddress.MaxCount"/>, all healthy.</summary>
    public OriginHealth(int count, UpstreamHealthOptions options, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, OriginAddress.MaxCount);
        _addresses = new Address[count];
        _options = options;
        _time = time;
    }

    /// <summary>Whether an address is not resting. One whose rest is over is resting until it has answered.</summary>
    public bool IsHealthy(int index)
    {
        lock (_lock)
        {
            return !_addresses[index].IsResting;
        }
    }

    /// <summary>Whether all addresses rest, and none has rested long enough to be tried by one more request.</summary>
    public bool AllRest()
    {
        lock (_lock)
        {
            return Array.TrueForAll(_addresses, static address => address.IsResting) && FindRested(failed: -1) < 0;
        }
    }

    /// <summary>The next address for a request.</summary>
    /// <param name="tried">One bit for each address this request has been to.</param>
    /// <param name="failed">
    /// The address where an earlier try of this request has failed: asked only if no other is healthy. -1 for none.
    /// </param>
    /// <returns>The turn, to be reported; <see cref="OriginTurn.None"/> when every address was tried.</returns>
    public OriginTurn Next(uint tried, int failed)
    {
        lock (_lock)
        {
            int index = tried == 0 ? FindRested(failed) : -1;
            bool isProbe = index >= 0;
            index = index >= 0 ? index : FindHealthy(tried, failed);
            index = index >= 0 ? index : FindLongestResting(tried);
            if (index < 0)
            {
                return OriginTurn.None;
            }

            _addresses[index].IsProbed |= isProbe;
            return new OriginTurn(index, _addresses[index].Epoch, isProbe, _time.GetTimestamp());
        }
    }

    /// <summary>
    /// The address for a request that is late where it is: another that is healthy, or else the one where it is, once more. Those that rest
    /// would be late, too.
    /// </summary>
    /// <param name="tried">One bit for each address this request has been to.</param>
    /// <param name="late">Where it is late.</param>
    public OriginTurn NextHealthy(uint tried, int late)
    {
        lock (_lock)
        {
            int index = FindHealthy(tried, late);
            index = index >= 0 ? index : late;
            return new OriginTurn(index, _addresses[index].Epoch, IsProbe: false, _time.GetTimestamp());
        }
    }

    /// <summary>A turn at an address that the request must go to, in whichever health it is.</summary>
    public OriginTurn Choose(int index)
    {
        lock (_lock)
        {
            return new OriginTurn(index, _addresses[index].Epoch, IsProbe: false, _time.GetTimestamp());
        }
    }

    /// <summary>What became of a turn. Exactly once for each.</summary>
    public OriginHealthChange Report(OriginTurn turn, OriginVerdict verdict)
    {
        lock (_lock)
        {
            ref var address = ref _addresses[turn.Index];
            if (turn.Epoch != address.Epoch)
            {
                return OriginHealthChange.None;
            }

            switch (verdict)
            {
                case OriginVerdict.Answered:
                    return AnsweredUnsynchronized(ref address);
                case OriginVerdict.Failed:
                case OriginVerdict.Silent when address.LastAnswerAt <= turn.Since:
                    return FailedUnsynchronized(ref address);
                default:
                    // The next request may try in its place.
                    address.IsProbed &= !turn.IsProbe;
                    return OriginHealthChange.None;
            }
        }
    }

    private OriginHealthChange AnsweredUnsynchronized(ref Address address)
    {
        address.Failures = 0;
        address.LastAnswerAt = _time.GetTimestamp();
        if (!address.IsResting)
        {
            return OriginHealthChange.None;
        }

        address = new Address { Epoch = address.Epoch + 1, LastAnswerAt = address.LastAnswerAt };
        return OriginHealthChange.IsBack;
    }

    private OriginHealthChange FailedUnsynchronized(ref Address address)
    {
        bool isInARow = address.Failures > 0 && _time.GetElapsedTime(address.LastFailureAt) <= _options.Rest;
        bool wasResting = address.IsResting;
        address.Failures = isInARow ? address.Failures + 1 : 1;
        address.LastFailureAt = _time.GetTimestamp();
        if (!wasResting && address.Failures < _options.MaxFailures)
        {
            return OriginHealthChange.None;
        }

        address.IsResting = true;
        address.IsProbed = false;
        address.Epoch++;
        return wasResting ? OriginHealthChange.None : OriginHealthChange.Rests;
    }

    // The rest is over and nobody is trying it yet; any one will do.
    private int FindRested(int failed)
    {
        for (int index = 0; index < _addresses.Length; index++)
        {
            ref readonly var address = ref _addresses[index];
            if (address.IsResting && !address.IsProbed && index != failed && _time.GetElapsedTime(address.LastFailureAt) >= _options.Rest)
            {
                return index;
            }
        }

        return -1;
    }

    private int FindHealthy(uint tried, int failed)
    {
        int second = -1;
        for (int step = 0; step < _addresses.Length; step++)
        {
            int index = (_next + step) % _addresses.Length;
            if (_addresses[index].IsResting || IsIn(tried, index))
            {
                continue;
            }

            if (index != failed)
            {
                _next = index + 1;
                return index;
            }

            second = index;
        }

        return second;
    }

    // A rest begins with the failure that caused it.
    private int FindLongestResting(uint tried)
    {
        int found = -1;
        for (int index = 0; index < _addresses.Length; index++)
        {
            bool isCandidate = _addresses[index].IsResting && !IsIn(tried, index);
            if (isCandidate && (found < 0 || _addresses[index].LastFailureAt < _addresses[found].LastFailureAt))
            {
                found = index;
            }
        }

        return found;
    }

    private static bool IsIn(uint set, int index) => (set & (1u << index)) != 0;

    private record struct Address
    {
        public int Epoch;
        public int Failures;
        public long LastFailureAt;
        public long LastAnswerAt;
        public bool IsResting;
        public bool IsProbed;
    }
}
