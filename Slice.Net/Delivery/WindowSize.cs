namespace Slice.Net.Delivery;

/// <summary>
/// How many slices of one response are fetched at a time: two at the beginning, more while the client waits for the origin, fewer while
/// what was fetched waits for the client. One per delivery; not thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// It is looked at once in a round, which is as many slices taken by the client as may be fetched at a time; the first slice is a round of
/// its own, as nothing was fetched ahead of it. When the client had to wait in that round although as many were on their way as may be, the
/// number doubles, as in the slow start of TCP (RFC 5681 §3.1): a client far from the origin has its full window after three round trips.
/// </para>
/// <para>
/// When it had to wait for nothing, and slices lay there complete all the time, the client is the slower one, and half of those that lay
/// there were too many. From then on the number grows by one a round: the right one is near.
/// </para>
/// </remarks>
internal sealed class WindowSize
{
    /// <summary>Slices at the beginning: the one being sent, and the next one so that the client does not wait at its end.</summary>
    public const int First = 2;

    private int _most;
    private int _taken;
    private int _round;
    private int _leastLying;
    private bool _hasWaited;
    private bool _hasShrunk;

    /// <summary>Slices that may be fetched at a time, with the one being sent.</summary>
    public int Slices { get; private set; } = First;

    /// <summary>Slices that are fetched for later parts of the same response, besides those in the window.</summary>
    public int OfLaterParts { get; set; }

    /// <summary>Begins a response, which may have at most <paramref name="most"/> slices fetched at a time.</summary>
    public void Begin(int most)
    {
        (_most, OfLaterParts, _hasShrunk) = (most, 0, false);
        Slices = Math.Min(First, most);
        BeginRound(1);
    }

    /// <summary>Whether the client has waited for the head of the response, with which the first slice comes.</summary>
    public void NoteHead(bool hasWaited) => _hasWaited |= hasWaited;

    /// <summary>The client waits for bytes of the origin while <paramref name="fetching"/> slices of the window are fetched.</summary>
    public void Waited(int fetching) => _hasWaited |= fetching + OfLaterParts >= Slices;

    /// <summary>The client has taken a slice, and of those after it <paramref name="lying"/> were fetched and lie there complete.</summary>
    public void Taken(int lying)
    {
        _leastLying = Math.Min(_leastLying, lying);
        if (++_taken < _round)
        {
            return;
        }

        if (_hasWaited)
        {
            Slices = Math.Min(_hasShrunk ? Slices + 1 : Slices * 2, _most);
        }
        else if (_leastLying > 0 && Slices > First)
        {
            Slices = Math.Max(Slices - ((_leastLying + 1) / 2), First);
            _hasShrunk = true;
        }

        BeginRound(Slices);
    }

    private void BeginRound(int slices) => (_round, _taken, _leastLying, _hasWaited) = (slices, 0, int.MaxValue, false);
}
