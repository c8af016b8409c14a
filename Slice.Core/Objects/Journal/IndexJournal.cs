using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// Writes down what a store on disk holds, behind the requests: a change is a few bytes in a buffer, and a thread of its own brings the
/// buffer to the index a moment later. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// A change is made in memory first and recorded second. The process may be killed at any moment: what was recorded up to
/// <see cref="s_commitInterval"/> before is known at the next start. The device is not waited for: when the power fails, what the
/// kernel had not written is missing. Whatever is missing or left over, the checksums of the slices keep wrong bytes from being served.
/// </para>
/// <para>
/// The index only grows; when it has doubled, it is written anew from what is in memory (<see cref="IndexRewrite"/>), while changes go to both files.
/// The same happens after a failure: an index that lacks a change is of no use any more.
/// </para>
/// </remarks>
internal sealed class IndexJournal : ISliceJournal
{
    /// <summary>Below this an index is not worth being made smaller. Arbitrary; read in some milliseconds.</summary>
    public const long DefaultMinRewriteBytes = 4 << 20;

    private const int KeptBufferBytes = 1 << 20;

    // A write to the index may wait for the device. Changes beyond this, some hundred thousand slices, are given up, and with them the index.
    private const int MaxPendingBytes = 16 << 20;

    private static readonly TimeSpan s_commitInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_watchInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly CacheDirectory _directory;
    private readonly ObjectIndex _index;
    private readonly DiskUse _writing;
    private readonly TimeProvider _time;
    private readonly AutoResetEvent _woken = new(false);
    private readonly Thread _thread;

    // Under the lock.
    private RecordBuffer _pending = new();
    private List<TaskCompletionSource<bool>> _flushes = [];
    private bool _hasOverflowed;
    private bool _isDisposed;

    // The thread's own.
    private RecordBuffer _committing = new();
    private IndexFile? _file;
    private IndexRewrite? _rewrite;
    private long _rewrittenBytes;
    private long _failedAt;
    private bool _hasFailed;
    private bool _hasVanished;

    /// <summary>A journal of what <paramref name="index"/> holds.</summary>
    /// <param name="directory">Where the index lies.</param>
    /// <param name="index">What it is about.</param>
    /// <param name="file">The index of an earlier run, when it says exactly what is there; null to write one.</param>
    /// <param name="writing">Told whether the index could be written.</param>
    /// <param name="time">The clock.</param>
    public IndexJournal(CacheDirectory directory, ObjectIndex index, IndexFile? file, DiskUse writing, TimeProvider time)
    {
        _file = file;
        _rewrittenBytes = file?.LengthBytes ?? 0;
        _directory = directory;
        _index = index;
        _writing = writing;
        _time = time;
        _thread = new Thread(Run) { IsBackground = true, Name = "cache-index" };
    }

    /// <summary>Tells whether the store's files still stand where they were made. Set once, before the start.</summary>
    public required Func<bool> AreFilesInPlace { get; init; }

    /// <summary>Called on the journal's thread when they do not: begins anew in an empty directory. Set once, before the start.</summary>
    /// <exception cref="IOException">It cannot; tried again later.</exception>
    public required Action BeginAnew { get; init; }

    /// <summary>How many bytes more than twice what it was the index has before it is written anew. See <see cref="DefaultMinRewriteBytes"/>.</summary>
    public required long MinRewriteBytes { get; init; }

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <inheritdoc/>
    /// <remarks>The object is written with the slices it has.</remarks>
    public void TenantPublished(ISliceTenant tenant)
    {
        var generation = (Generation)tenant;
        lock (_lock)
        {
            if (StateOf(tenant) != IndexState.Unknown)
            {
                return;
            }

            SetState(tenant, IndexState.Written);
            if (!TryBeginUnsynchronized())
            {
                return;
            }

            int before = _pending.Length;
            IndexRecords.WriteObject(_pending, generation);
            foreach (var slice in generation.Slices)
            {
                if (slice.Queue is SliceQueue.Small or SliceQueue.Main)
                {
                    IndexRecords.WriteSlice(_pending, slice);
                }
            }

            WakeUnsynchronized(before);
        }
    }

    /// <inheritdoc/>
    public void TenantChanged(ISliceTenant tenant) =>
        Record(tenant, static (buffer, tenant, _, _) => IndexRecords.WriteFreshened(buffer, (Generation)tenant));

    /// <inheritdoc/>
    /// <remarks>The slices need no records of their own any more.</remarks>
    public void TenantEnded(ISliceTenant tenant)
    {
        lock (_lock)
        {
            bool wasWritten = StateOf(tenant) == IndexState.Written;
            SetState(tenant, IndexState.Ended);
            if (!wasWritten || !TryBeginUnsynchronized())
            {
                return;
            }

            int before = _pending.Length;
            IndexRecords.WriteObjectGone(_pending, tenant.Id);
            WakeUnsynchronized(before);
        }
    }

    /// <inheritdoc/>
    public void SliceStored(ISliceTenant tenant, StoredSlice slice) =>
        Record(tenant, static (buffer, _, slice, _) => IndexRecords.WriteSlice(buffer, slice!), slice);

    /// <inheritdoc/>
    public void SliceGone(ISliceTenant tenant, int sliceIndex)
    {
        if (!((Generation)tenant).IsRetired)
        {
            Record(tenant, static (buffer, tenant, _, sliceIndex) => IndexRecords.WriteSliceGone(buffer, tenant.Id, sliceIndex), slice: null, sliceIndex);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> FlushAsync()
    {
        var flush = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_isDisposed)
            {
                return false;
            }

            _flushes.Add(flush);
        }

        _woken.Set();
        return await flush.Task;
    }

    /// <summary>Writes what is left, and that this was the end; then ends the thread.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        _woken.Set();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _woken.Dispose();
    }

    private static IndexState StateOf(ISliceTenant tenant) => (IndexState)tenant.JournalNote;

    private static void SetState(ISliceTenant tenant, IndexState state) => tenant.JournalNote = (byte)state;

    private void Record(
        ISliceTenant tenant, Action<RecordBuffer, ISliceTenant, StoredSlice?, int> write, StoredSlice? slice = null, int sliceIndex = 0)
    {
        lock (_lock)
        {
            // One that is not published yet is written with all it has when it is.
            if (StateOf(tenant) != IndexState.Written || !TryBeginUnsynchronized())
            {
                return;
            }

            int before = _pending.Length;
            write(_pending, tenant, slice, sliceIndex);
            WakeUnsynchronized(before);
        }
    }

    // The first change begins the interval in which others may join it; the next wake is for a buffer that cannot wait.
    private void WakeUnsynchronized(int bytesBefore)
    {
        if (bytesBefore == 0 || _pending.Length > KeptBufferBytes)
        {
            _woken.Set();
        }
    }

    private bool TryBeginUnsynchronized()
    {
        if (_pending.Length >= MaxPendingBytes)
        {
            _hasOverflowed = true;
            _pending.Clear(keptBytes: 0);
        }

        return !_hasOverflowed;
    }

    private void Run()
    {
        while (true)
        {
            bool isIdle = _rewrite is null ? _file is not null || !MayTry : _rewrite.IsWaiting;
            if (isIdle && _woken.WaitOne(s_watchInterval) && !MustHurry())
            {
                // More will come in the meantime; what hurries wakes us again.
                _woken.WaitOne(s_commitInterval);
            }

            bool isLast;
            lock (_lock)
            {
                isLast = _isDisposed;
            }

            Commit();
            if (isLast)
            {
                Close();
                return;
            }

            Watch();
            Rewrite();
        }
    }

    private bool MustHurry()
    {
        lock (_lock)
        {
            return _isDisposed || _flushes.Count > 0 || _pending.Length > KeptBufferBytes;
        }
    }

    private void Commit()
    {
        List<TaskCompletionSource<bool>> flushes;
        lock (_lock)
        {
            (_pending, _committing) = (_committing, _pending);
            (flushes, _flushes) = (_flushes, []);
            if (_hasOverflowed)
            {
                // The index lacks what came then: it is written anew.
                _hasOverflowed = false;
                _committing.Clear(KeptBufferBytes);
                CloseFile();
                Abandon();
            }
        }

        bool isWritten = _file is not null;
        if (_committing.Length > 0)
        {
            isWritten = TryAppend();
            _rewrite?.Append(_committing.Written);
            _committing.Clear(KeptBufferBytes);
        }

        if (isWritten || !MayTry)
        {
            flushes.ForEach(flush => flush.SetResult(isWritten));
            return;
        }

        // They wait for the index that is about to be written.
        lock (_lock)
        {
            _flushes.InsertRange(0, flushes);
        }
    }

    private bool TryAppend()
    {
        if (_file is null)
        {
            return false;
        }

        try
        {
            _file.Append(_committing.Written);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Fail(error);
            CloseFile();
            return false;
        }
    }

    private void Watch()
    {
        if (MayTry && (_hasVanished || !IsInPlace()))
        {
            _hasVanished = true;
            CloseFile();
            Abandon();
            try
            {
                BeginAnew();
                _hasVanished = false;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Fail(error);
            }
        }
    }

    private bool IsInPlace() => _file is not { IsInPlace: false } && AreFilesInPlace();

    private bool MayTry => !_hasFailed || _time.GetElapsedTime(_failedAt) >= DiskUse.Pause;

    private void Rewrite()
    {
        bool isDue = _file is null || _file.LengthBytes > MinRewriteBytes + (2 * _rewrittenBytes);
        if (_rewrite is null && (!isDue || _hasVanished || !MayTry))
        {
            return;
        }

        try
        {
            _rewrite ??= new IndexRewrite(_directory.NextIndexPath, _index) { Flushed = () => _woken.Set() };
            if (_rewrite.Step())
            {
                FinishRewrite(_rewrite);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Fail(error);
            Abandon();
        }
    }

    private void FinishRewrite(IndexRewrite rewrite)
    {
        var next = rewrite.Finish(_directory.IndexPath);
        CloseFile();
        _file = next;
        _rewrite = null;
        _rewrittenBytes = next.LengthBytes;
        _hasFailed = false;
        _writing.Succeeded();
        _woken.Set();
    }

    private void Close()
    {
        try
        {
            if (!_hasVanished && MayTry)
            {
                // For the places in the queues and the uses, which are not recorded as they change; and the next start reads no more than there is.
                Abandon();
                _rewrite = new IndexRewrite(_directory.NextIndexPath, _index);
                _rewrite.Complete();
                FinishRewrite(_rewrite);
            }

            if (_file is not null)
            {
                IndexRecords.WriteClosed(_committing);
                _file.Append(_committing.Written);
                _file.FlushToDisk();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next start finds what was written before, and compares checksums.
            Fail(error);
        }

        Abandon();
        CloseFile();
        foreach (var flush in _flushes)
        {
            flush.SetResult(false);
        }
    }

    private void Fail(Exception error)
    {
        _hasFailed = true;
        _failedAt = _time.GetTimestamp();
        _writing.Failed(error);
    }

    private void CloseFile()
    {
        _file?.Dispose();
        _file = null;
    }

    private void Abandon()
    {
        _rewrite?.Dispose();
        _rewrite = null;
    }
}
