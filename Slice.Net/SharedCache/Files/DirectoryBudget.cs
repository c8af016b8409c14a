namespace Slice.Net.SharedCache.Files;

/// <summary>
/// How much this instance may still write until the janitor has been there again. The janitor leaves an eighth of the size free, and each
/// instance fills its share of that and no more, so that the size is kept between two passes too. Thread-safe.
/// </summary>
/// <remarks>
/// A directory that is emptier gives no larger shares: an instance that has not looked for a while would still count on the one it knew,
/// when others have filled the directory meanwhile. It only means that the janitor comes sooner.
/// </remarks>
/// <param name="sizeBytes">The size of the directory.</param>
internal sealed class DirectoryBudget(long sizeBytes)
{
    // An eighth, arbitrary: less makes more passes, more keeps less.
    private const int FreePart = 8;

    // Smallest piece that file systems give out, mostly.
    private const long BlockBytes = 4096;

    // Two instances know the server's time to some ten milliseconds, and as long as it took to ask. Arbitrary, far above.
    private const long MaxDisagreementNs = 1_000_000_000;

    private readonly Lock _gate = new();
    private long _written;
    private long _pending;
    private long _covered;
    private long _lastMark;
    private long _lastMarkNs;
    private long _passStartedAtNs;
    private long _shareBytes = sizeBytes / FreePart / 2;

    /// <summary>What the janitor leaves at most.</summary>
    public long KeptBytes { get; } = sizeBytes - (sizeBytes / FreePart);

    /// <summary>Whether the janitor should come now: half the share is used, or nobody knows what is there.</summary>
    public bool IsPressing
    {
        get
        {
            lock (_gate)
            {
                return _passStartedAtNs == 0 || Unswept > _shareBytes / 2;
            }
        }
    }

    private long Unswept => _written + _pending - _covered;

    /// <summary>
    /// Whether a file may be written: false when the share is used up and for one that is longer than the directory. Else it counts from
    /// now on, and <see cref="Done"/> is called when it is there, or is not.
    /// </summary>
    public bool TryTake(long fileBytes)
    {
        long bytes = Rounded(fileBytes);
        lock (_gate)
        {
            // A single one is always permitted, so that a small directory keeps large values too.
            if (bytes > sizeBytes || (Unswept > 0 && Unswept + bytes > _shareBytes))
            {
                return false;
            }

            _pending += bytes;
            return true;
        }
    }

    /// <summary>The file of <see cref="TryTake"/> is there, or will not be.</summary>
    public void Done(long fileBytes)
    {
        long bytes = Rounded(fileBytes);
        lock (_gate)
        {
            _pending -= bytes;
            _written += bytes;
        }
    }

    /// <summary>Called before somebody looks whether there was a pass, by the server's clock.</summary>
    /// <returns>A mark: what was written before it is found by a pass that begins now.</returns>
    public long Mark(long nowNs)
    {
        lock (_gate)
        {
            (_lastMark, _lastMarkNs) = (_written, nowNs);
            return _written;
        }
    }

    /// <summary>A pass of this instance has ended, which began at a mark.</summary>
    public void Swept(JanitorPass pass, long mark)
    {
        lock (_gate)
        {
            _covered = Math.Max(_covered, mark);
            See(pass);
        }
    }

    /// <summary>There was a pass, perhaps of another instance. Called before <see cref="Mark"/>.</summary>
    public void Seen(JanitorPass pass)
    {
        lock (_gate)
        {
            if (pass.StartedAtNs - _lastMarkNs > MaxDisagreementNs)
            {
                // It has found what was written before the last mark; nobody knows how much of the rest.
                _covered = Math.Max(_covered, _lastMark);
            }

            See(pass);
        }
    }

    private void See(JanitorPass pass)
    {
        if (pass.StartedAtNs > _passStartedAtNs)
        {
            // One more than there were: one may have come since.
            _passStartedAtNs = pass.StartedAtNs;
            _shareBytes = (sizeBytes - KeptBytes) / (Math.Max(1, pass.Instances) + 1);
        }
    }

    private static long Rounded(long fileBytes) => (fileBytes + BlockBytes - 1) / BlockBytes * BlockBytes;
}
