namespace Slice.Core.Objects.Journal;

/// <summary>
/// Records on their way from the requests to the thread that writes them, and those who wait until they are written. Bounded. Thread-safe;
/// what needs the lock held says so in its name.
/// </summary>
internal sealed class PendingRecords : IDisposable
{
    /// <summary>Bytes for which the writer is woken at once, and memory that a buffer keeps. Arbitrary.</summary>
    public const int HurryBytes = 1 << 20;

    // A write to the index may wait for the device. Changes beyond this, some hundred thousand slices, are given up, and with them the
    // index.
    private const int MaxBytes = 16 << 20;

    private readonly AutoResetEvent _woken = new(false);
    private RecordBuffer _buffer = new();
    private RecordBuffer _spare = new();
    private List<TaskCompletionSource<bool>> _flushes = [];
    private bool _hasOverflowed;
    private bool _isClosed;

    /// <summary>
    /// Guards the records, and the journal's notes on generations: a note and the record that it speaks of change together.
    /// </summary>
    public Lock Lock { get; } = new();

    /// <summary>Where to write the next record; null when it is given up. Followed by <see cref="EndUnsynchronized"/>.</summary>
    public RecordBuffer? TryBeginUnsynchronized()
    {
        if (_buffer.Length >= MaxBytes)
        {
            _hasOverflowed = true;
            _buffer.Clear(keptBytes: 0);
        }

        return _hasOverflowed ? null : _buffer;
    }

    /// <summary>Wakes the writer when it must know of a record that was written behind <paramref name="bytesBefore"/> others.</summary>
    public void EndUnsynchronized(int bytesBefore)
    {
        // The first change begins the interval in which others may join it; the next wake is for a buffer that cannot wait.
        if (bytesBefore == 0 || _buffer.Length > HurryBytes)
        {
            _woken.Set();
        }
    }

    /// <summary>Waits until everything recorded so far is in the file; false when it could not be written.</summary>
    public async ValueTask<bool> FlushAsync()
    {
        var flush = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (Lock)
        {
            if (_isClosed)
            {
                return false;
            }

            _flushes.Add(flush);
        }

        _woken.Set();
        return await flush.Task;
    }

    /// <summary>Tells the writer that this is the end; false when it was told before.</summary>
    public bool TryClose()
    {
        lock (Lock)
        {
            if (_isClosed)
            {
                return false;
            }

            _isClosed = true;
        }

        _woken.Set();
        return true;
    }

    /// <summary>Wakes the writer.</summary>
    public void Wake() => _woken.Set();

    /// <summary>Waits for something to write, and then for a while for more of it, unless somebody waits or there is much of it.</summary>
    /// <param name="longest">How long to wait for something.</param>
    /// <param name="gathering">How long to wait for more.</param>
    public void WaitForWork(TimeSpan longest, TimeSpan gathering)
    {
        if (_woken.WaitOne(longest) && !MustHurry())
        {
            // More will come in the meantime; what hurries wakes us again.
            _woken.WaitOne(gathering);
        }
    }

    /// <summary>Takes what was recorded; the batch taken before is over, and its buffer is used again.</summary>
    public PendingBatch Take()
    {
        lock (Lock)
        {
            var batch = new PendingBatch(_buffer, _flushes, _hasOverflowed, _isClosed);
            _spare.Clear(HurryBytes);
            (_buffer, _spare, _flushes, _hasOverflowed) = (_spare, _buffer, [], false);
            return batch;
        }
    }

    /// <summary>Lets those wait on who have waited for a batch that could not be written just now.</summary>
    public void WaitOn(List<TaskCompletionSource<bool>> flushes)
    {
        lock (Lock)
        {
            _flushes.InsertRange(0, flushes);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _woken.Dispose();

    private bool MustHurry()
    {
        lock (Lock)
        {
            return _isClosed || _flushes.Count > 0 || _buffer.Length > HurryBytes;
        }
    }
}
