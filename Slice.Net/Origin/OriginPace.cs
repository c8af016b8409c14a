namespace Slice.Net.Origin;

/// <summary>
/// How fast the origin answers as a rule, and so from when on a subrequest is worth being asked again (hedging: Dean and Barroso,
/// "The Tail at Scale", 2013). What it costs the origin is bounded: one hedge for twenty subrequests, and two at the beginning.
/// Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class OriginPace(TimeProvider time)
{
    /// <summary>Hedges for each subrequest: at most 5 %.</summary>
    public const double Share = 0.05;

    // So many may be stuck at once after a while without any, 400 subrequests long. Arbitrary.
    private const double MostSaved = 20;
    private const double SavedAtFirst = 2;

    // A second answer is not worth its cost where the first is late by less: waking up takes as long on a busy machine. Arbitrary.
    private static readonly TimeSpan s_leastHeadWait = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_leastBodyWait = TimeSpan.FromMilliseconds(50);

    // Of the waits that 1 % exceed. A head comes or does not; a body comes in bursts, as disk and network please. Decision 14 has
    // what others cost.
    private const double HeadFactor = 1.2;
    private const double BodyFactor = 4;

    private readonly Lock _lock = new();
    private readonly RecentWaits _heads = new(HeadFactor, s_leastHeadWait);
    private readonly RecentWaits _bodies = new(BodyFactor, s_leastBodyWait);
    private double _saved = SavedAtFirst;

    /// <summary>How long a response head may take; infinite while too few have come to tell.</summary>
    public TimeSpan HeadLimit => _heads.Limit;

    /// <summary>The same of the next bytes of a body.</summary>
    public TimeSpan BodyLimit => _bodies.Limit;

    /// <summary>A subrequest is sent; its beginning.</summary>
    public long Begin()
    {
        lock (_lock)
        {
            _saved = Math.Min(_saved + Share, MostSaved);
        }

        return time.GetTimestamp();
    }

    /// <summary>A response head has come.</summary>
    /// <param name="begunAt">What <see cref="Begin"/> returned.</param>
    public void HeadArrived(long begunAt)
    {
        lock (_lock)
        {
            _heads.Add(time.GetElapsedTime(begunAt));
        }
    }

    /// <summary>Bytes of a body have come.</summary>
    /// <param name="waited">Since when they were waited for.</param>
    public void BytesArrived(long waited)
    {
        lock (_lock)
        {
            _bodies.Add(time.GetElapsedTime(waited));
        }
    }

    /// <summary>Whether something that is late may be asked for again; counts it.</summary>
    public bool TryHedge()
    {
        lock (_lock)
        {
            if (_saved < 1)
            {
                return false;
            }

            _saved--;
            return true;
        }
    }

    /// <summary>The last waits of one kind, and how long one may be. One thread at a time adds; the limit may be read by all.</summary>
    /// <param name="factor">Of the wait that 1 % exceed.</param>
    /// <param name="least">The lowest limit.</param>
    private sealed class RecentWaits(double factor, TimeSpan least)
    {
        // Enough for 1 % to be two of them. What changes at the origin shows after as many. Arbitrary.
        private const int Kept = 256;
        private const int Enough = 32;
        private const int Between = 16;

        private readonly TimeSpan[] _waits = new TimeSpan[Kept];
        private int _count;
        private long _limitTicks = Timeout.InfiniteTimeSpan.Ticks;

        /// <summary>The longest wait that is usual; infinite while there are too few to tell.</summary>
        public TimeSpan Limit => new(Volatile.Read(ref _limitTicks));

        public void Add(TimeSpan wait)
        {
            _waits[_count % Kept] = wait;
            _count = _count == (2 * Kept) - 1 ? Kept : _count + 1;
            if (_count >= Enough && _count % Between == 0)
            {
                var limit = ExceededByOnePercent(_waits.AsSpan(0, Math.Min(_count, Kept))) * factor;
                Volatile.Write(ref _limitTicks, (limit > least ? limit : least).Ticks);
            }
        }

        // One pass: sorting all of them was 2 % of the CPU of a small cold object.
        private static TimeSpan ExceededByOnePercent(ReadOnlySpan<TimeSpan> waits)
        {
            Span<TimeSpan> longest = stackalloc TimeSpan[(waits.Length / 100) + 1];
            longest.Clear();
            foreach (var wait in waits)
            {
                if (wait <= longest[^1])
                {
                    continue;
                }

                int place = longest.Length - 1;
                for (; place > 0 && longest[place - 1] < wait; place--)
                {
                    longest[place] = longest[place - 1];
                }

                longest[place] = wait;
            }

            return longest[^1];
        }
    }
}
