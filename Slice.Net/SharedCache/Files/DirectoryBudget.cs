namespace Slice.Net.SharedCache.Files;

/// <summary>
/// How much this instance may still write until the janitor has been there again. The janitor leaves an eighth of the size free, and each
/// instance fills its share of that, and what it was granted (<see cref="RoomGrant"/>), and no more, so that the size is kept between two
/// passes too. Thread-safe.
/// </summary>
/// <remarks>
/// A directory that is emptier gives no larger shares of itself: an instance that has not looked for a while would still count on the one
/// it knew, when others have filled the directory meanwhile. Grants are what it takes then.
/// </remarks>
/// <param name="configuredBytes">The size of the directory, if its file system has as much room.</param>
/// <param name="time">Ends what was granted.</param>
internal sealed class DirectoryBudget(long configuredBytes, TimeProvider time)
{
    // An eighth, arbitrary: less makes more passes, more keeps less.
    private const int FreePart = 8;

    // Smallest piece that file systems give out, mostly.
    private const long BlockBytes = 4096;

    // Of the share what is kept for files of one block: news and members must go in where slices have taken the rest. Arbitrary.
    private const int PartForShort = 8;

    // Two instances know the server's time to some ten milliseconds, and as long as it took to ask. Arbitrary, far above.
    private const long MaxDisagreementNs = 1_000_000_000;

    private readonly Lock _gate = new();
    private long _written;
    private long _pending;
    private long _covered;
    private long _lastMark;
    private long _lastMarkNs;
    private long _passStartedAtNs;
    private long _sizeBytes = configuredBytes;
    private long _shareBytes = configuredBytes / FreePart / 2;
    private bool _isRefused;
    private HeldGrant _grant;

    /// <summary>The size of the directory, if its file system has as much room.</summary>
    public long ConfiguredBytes { get; } = configuredBytes;

    /// <summary>
    /// Whether the janitor should come now: half the share is used, the file system is full, or nobody knows what is there.
    /// </summary>
    public bool IsPressing
    {
        get
        {
            lock (_gate)
            {
                return _passStartedAtNs == 0 || _isRefused || UnsweptUnsynchronized > MostUnsynchronized / 2;
            }
        }
    }

    /// <summary>Whether it should bring more than a share: half of one was written since the last pass.</summary>
    public bool WantsMore
    {
        get
        {
            lock (_gate)
            {
                return UnsweptUnsynchronized > (_passStartedAtNs == 0 ? 0 : _shareBytes / 2);
            }
        }
    }

    private long UnsweptUnsynchronized => _written + _pending - _covered;

    private long MostUnsynchronized => _shareBytes + _grant.UsableBytes(time);

    /// <summary>What the janitor leaves at most of a size.</summary>
    public static long KeptOf(long sizeBytes) => sizeBytes - (sizeBytes / FreePart);

    /// <summary>The file system, or a quota on it, had no room for a file.</summary>
    public void Refused()
    {
        lock (_gate)
        {
            _isRefused = true;
        }
    }

    /// <summary>Whether there was no room for a file since this was asked last.</summary>
    public bool TakeRefusal()
    {
        lock (_gate)
        {
            bool wasRefused = _isRefused;
            _isRefused = false;
            return wasRefused;
        }
    }

    /// <summary>
    /// Whether a file may be written: false when the share is used up and for one that is longer than the directory. Else it counts from
    /// now on, and <see cref="Done"/> is called when it is there, or is not.
    /// </summary>
    public bool TryTake(long fileBytes)
    {
        long bytes = Rounded(fileBytes);
        lock (_gate)
        {
            long unswept = UnsweptUnsynchronized;
            long most = MostUnsynchronized - (bytes > BlockBytes ? _shareBytes / PartForShort : 0);

            // A single one is always permitted, so that a small directory keeps large values too.
            if (bytes > _sizeBytes || (unswept > 0 && unswept + bytes > most))
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
    /// <param name="pass">What it has found.</param>
    /// <param name="mark">The mark.</param>
    /// <param name="grant">What it grants this instance, in place of what another one did.</param>
    public void Swept(JanitorPass pass, long mark, HeldGrant grant)
    {
        lock (_gate)
        {
            SeeUnsynchronized(pass);
            _grant = grant;
            CoverUnsynchronized(pass, mark);
        }
    }

    /// <summary>There was a pass, perhaps of another instance. Called before <see cref="Mark"/>.</summary>
    public void Seen(JanitorPass pass)
    {
        lock (_gate)
        {
            SeeUnsynchronized(pass);
            if (pass.StartedAtNs - _lastMarkNs > MaxDisagreementNs)
            {
                // It has found what was written before the last mark; nobody knows how much of the rest.
                CoverUnsynchronized(pass, _lastMark);
            }
        }
    }

    // When what was granted is used beside that, there is no room for anybody's share of the last eighth once more.
    private void CoverUnsynchronized(JanitorPass pass, long mark)
    {
        if (pass.UsedBytes + pass.GrantedBytes <= KeptOf(_sizeBytes))
        {
            _covered = Math.Max(_covered, mark);
        }
    }

    private void SeeUnsynchronized(JanitorPass pass)
    {
        if (pass.StartedAtNs > _passStartedAtNs)
        {
            // One more than there were: one may have come since.
            _passStartedAtNs = pass.StartedAtNs;
            _sizeBytes = Math.Min(ConfiguredBytes, pass.SizeBytes);
            _shareBytes = _sizeBytes / FreePart / (Math.Max(1, pass.Instances) + 1);
        }
    }

    private static long Rounded(long fileBytes) => (fileBytes + BlockBytes - 1) / BlockBytes * BlockBytes;
}
