namespace Slice.Net.SharedCache.Files;

/// <summary>
/// One pass through a shared directory: removes what is over, left behind or too much. Blocks for as long as the file system needs; one
/// call after the other, so that it never takes more than one thread's worth of a server. For one thread.
/// </summary>
/// <remarks>
/// <para>
/// All files are looked at, since the sum has to be known: what they take, and when they were used last. Lifetimes stand inside the files,
/// and opening all of them every minute would be far more work than that: <see cref="MaxHeaders"/> are opened in a pass, and the next one
/// goes on from there. A value whose lifetime is over is not served meanwhile; it only takes room, and the size is kept in any case.
/// </para>
/// <para>
/// When the sum is above what may stay, the oldest go: those which nobody has written or read for the longest time. Mounts note reading
/// rarely (relatime) or never (noatime), and a janitor reads too: so readers note it themselves, once an hour for a value, by a time of
/// reading that no file system would set, and leave the time of writing alone, which is the value's age. Where a file system does not
/// take the note (bindfs ignores it), what was written first goes first. A histogram says which age is too old, and a second walk removes
/// what is as old.
/// </para>
/// </remarks>
/// <param name="directory">The shared directory.</param>
/// <param name="counters">Trims counters.</param>
/// <param name="goesOn">Asked before each of the 64 parts; false ends the pass.</param>
internal sealed class DirectorySweep(OpenDirectory directory, CounterFiles counters, Func<bool> goesOn)
{
    /// <summary>Most files that are opened to see whether their lifetime is over: some seconds of a server of NFS.</summary>
    public const int MaxHeaders = 10_000;

    private const long NsPerSecond = 1_000_000_000;

    // What nobody has finished within an hour, nobody will.
    private const long LongestWriteNs = 3600 * NsPerSecond;

    // An instance touches its file every minute at least, when its janitor wakes up.
    private const long LongestSilenceNs = 150 * NsPerSecond;
    private const long LongestUnusedCounterNs = 30L * 24 * 3600 * NsPerSecond;

    private readonly AgeHistogram _ages = new();
    private readonly long _nowNs = directory.NowNs();
    private int _headers;

    /// <summary>Bytes that are left.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>Values that are left.</summary>
    public long Values { get; private set; }

    /// <summary>Looks at everything, and removes what is over or was left behind.</summary>
    /// <param name="from">At which of the 64 parts files are opened first.</param>
    /// <returns>Where the next pass opens files first; null when this one was ended.</returns>
    public int? Walk(int from)
    {
        int next = from;
        for (int index = 0; index < DirectoryLayout.FanOut; index++)
        {
            int first = (from + index) % DirectoryLayout.FanOut;
            if (!goesOn())
            {
                return null;
            }

            if (_headers < MaxHeaders)
            {
                next = (first + 1) % DirectoryLayout.FanOut;
            }

            Walk(first, Look);
        }

        return next;
    }

    /// <summary>Then removes the oldest of what is left.</summary>
    /// <param name="keptBytes">How much may stay.</param>
    /// <returns>False when the pass was ended.</returns>
    public bool TryKeep(long keptBytes) => UsedBytes <= keptBytes || TryRemoveOldest(UsedBytes - keptBytes);

    /// <summary>Counts the instances at work, and removes what those have left that ended.</summary>
    public int CountInstances()
    {
        int instances = 0;
        foreach (string name in directory.NamesIn(DirectoryLayout.Instances))
        {
            string path = $"{DirectoryLayout.Instances}/{name}";
            if (NativeFiles.Status(directory.Root, path, out var status) == 0)
            {
                long silenceNs = _nowNs - status.WrittenAtNs;
                instances += silenceNs < LongestSilenceNs ? 1 : 0;
                RemoveAfter(LongestWriteNs, path, status);
            }
        }

        foreach (string name in directory.NamesIn(""))
        {
            if (DirectoryLayout.KindOf(name, out _) == EntryKind.Temporary
                && NativeFiles.Status(directory.Root, name, out var status) == 0)
            {
                RemoveAfter(LongestWriteNs, name, status);
            }
        }

        return instances;
    }

    private bool TryRemoveOldest(long excessBytes)
    {
        int oldest = _ages.OldestStepsOf(excessBytes);
        for (int first = 0; first < DirectoryLayout.FanOut && excessBytes > 0; first++)
        {
            if (!goesOn())
            {
                return false;
            }

            Walk(first, (path, kind, _, status) =>
            {
                if (excessBytes > 0
                    && kind == EntryKind.Value
                    && AgeHistogram.StepOf(_nowNs - status.UsedAtNs) >= oldest
                    && NativeFiles.Remove(directory.Root, path) == 0)
                {
                    excessBytes -= status.TakenBytes;
                    UsedBytes -= status.TakenBytes;
                    Values--;
                }
            });
        }

        return true;
    }

    private void Walk(int first, Action<string, EntryKind, string, FileStatus> see)
    {
        string part = DirectoryLayout.DirectoryAt(first);
        if (NativeFiles.Status(directory.Root, part, out _) != 0)
        {
            return;
        }

        // Most of a small cache's directories are not there.
        foreach (string second in directory.NamesIn(part))
        {
            string parent = $"{part}/{second}";
            foreach (string name in directory.NamesIn(parent))
            {
                var kind = DirectoryLayout.KindOf(name, out string key);
                string path = $"{parent}/{name}";
                if (kind != EntryKind.Foreign && NativeFiles.Status(directory.Root, path, out var status) == 0)
                {
                    see(path, kind, key, status);
                }
            }
        }
    }

    private void Look(string path, EntryKind kind, string key, FileStatus status)
    {
        switch (kind)
        {
            case EntryKind.Value when status.IsRegular:
                LookAtValue(key, status);
                break;
            case EntryKind.Lock:
                RemoveAfter(KeyLock.LongestHoldNs, path, status);
                break;
            case EntryKind.Counter when status.IsDirectory:
                counters.Trim(directory, path, _nowNs, LongestUnusedCounterNs);
                break;
            case EntryKind.Temporary:
                UsedBytes += RemoveAfter(LongestWriteNs, path, status) ? 0 : status.TakenBytes;
                break;
        }
    }

    private void LookAtValue(string key, FileStatus status)
    {
        if (_headers < MaxHeaders)
        {
            _headers++;
            if (TryRemoveDead(key))
            {
                return;
            }
        }

        Values++;
        UsedBytes += status.TakenBytes;
        _ages.Add(_nowNs - status.UsedAtNs, status.TakenBytes);
    }

    private bool TryRemoveDead(string key)
    {
        try
        {
            return ValueFiles.StateOf(directory, key) == ValueState.Dead && ValueFiles.RemoveDead(directory, key);
        }
        catch (FileErrorException)
        {
            // One file that cannot be read must not keep all others; it goes when it is the oldest.
            return false;
        }
    }

    private bool RemoveAfter(long ageNs, string path, FileStatus status)
    {
        if (_nowNs - status.WrittenAtNs <= ageNs)
        {
            return false;
        }

        if (status.IsDirectory)
        {
            CounterFiles.RemoveWhole(directory, path);
            return true;
        }

        return NativeFiles.Remove(directory.Root, path) == 0;
    }
}
