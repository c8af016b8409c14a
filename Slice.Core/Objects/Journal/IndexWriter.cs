using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// The thread that brings records to the index. The index only grows; when it has doubled, it is written anew from what is in memory
/// (<see cref="IndexRewrite"/>), while changes go to both files. The same happens after a failure: an index that lacks a change is of no
/// use any more.
/// </summary>
/// <remarks>
/// What is thrown on a thread of its own ends the process. Nothing here is worth that: a fault of ours, or an error of the disk that no
/// line here expects, costs the index, which is written anew after <see cref="DiskUse.Pause"/>.
/// </remarks>
internal sealed class IndexWriter : IDisposable
{
    /// <summary>Below this an index is not worth being made smaller. Arbitrary; read in some milliseconds.</summary>
    public const long DefaultMinRewriteBytes = 4 << 20;

    private static readonly TimeSpan s_commitInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_watchInterval = TimeSpan.FromSeconds(1);

    private readonly PendingRecords _pending;
    private readonly IndexFiles _files;
    private readonly ObjectIndex _index;
    private readonly DiskUse _writing;
    private readonly TimeProvider _time;
    private readonly Thread _thread;

    // The thread's own.
    private List<TaskCompletionSource<bool>> _flushes = [];
    private long _failedAt;
    private bool _hasFailed;
    private bool _hasFaulted;
    private bool _hasStoppedWriting;
    private bool _hasVanished;

    /// <summary>A thread that writes what <paramref name="index"/> holds, not started yet.</summary>
    /// <param name="pending">Where the records come from.</param>
    /// <param name="files">Where the index lies; disposed with the writer. Without one it is written.</param>
    /// <param name="index">What it is about.</param>
    /// <param name="writing">Told whether the index could be written.</param>
    /// <param name="time">The clock.</param>
    public IndexWriter(PendingRecords pending, IndexFiles files, ObjectIndex index, DiskUse writing, TimeProvider time)
    {
        _pending = pending;
        _files = files;
        _index = index;
        _writing = writing;
        _time = time;
        _thread = new Thread(Run) { IsBackground = true, Name = "cache-index" };
    }

    /// <summary>Tells whether the store's files still stand where they were made. Set once, before the start.</summary>
    public required Func<bool> AreFilesInPlace { get; init; }

    /// <summary>Called on the thread when they do not: begins anew in an empty directory. Set once, before the start.</summary>
    /// <exception cref="IOException">It cannot; tried again later.</exception>
    public required Action BeginAnew { get; init; }

    /// <summary>
    /// Called on the thread with what nobody has expected, once until the index is written again. Set once, before the start; must not
    /// throw.
    /// </summary>
    public required Action<Exception> Faulted { get; init; }

    /// <summary>
    /// How many bytes more than twice what it was the index has before it is written anew. See <see cref="DefaultMinRewriteBytes"/>.
    /// </summary>
    public required long MinRewriteBytes { get; init; }

    private bool MayTry => !_hasFailed || _time.GetElapsedTime(_failedAt) >= DiskUse.Pause;

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>Waits until the thread has ended; the records were closed before (<see cref="PendingRecords.TryClose"/>).</summary>
    public void Dispose()
    {
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _files.Dispose();
    }

    private void Run()
    {
        bool isLast;
        do
        {
            bool isIdle = _files.Next?.IsWaiting ?? (_files.Current is not null || !MayTry);
            if (isIdle)
            {
                _pending.WaitForWork(s_watchInterval, s_commitInterval);
            }

            var batch = _pending.Take();
            isLast = batch.IsLast;
            try
            {
                Write(batch);
            }
            catch (Exception error)
            {
                GiveUp(error);
            }
        }
        while (!isLast);

        _files.Dispose();
        Answer(_pending.Take().Flushes, isWritten: false);
    }

    private void Write(PendingBatch batch)
    {
        _flushes = batch.Flushes;
        Commit(batch);
        if (batch.IsLast)
        {
            Close();
        }
        else
        {
            Watch();
            Rewrite();
        }
    }

    private void GiveUp(Exception error)
    {
        (_hasFailed, _failedAt) = (true, _time.GetTimestamp());
        _files.Dispose();
        Answer(_flushes, isWritten: false);
        if (!_hasFaulted)
        {
            _hasFaulted = true;
            Faulted(error);
        }
    }

    private void Commit(PendingBatch batch)
    {
        if (batch.HasOverflowed)
        {
            // The index lacks what came then: it is written anew.
            _files.Dispose();
        }

        bool isWritten = _files.Current is not null;
        if (!batch.HasOverflowed && batch.Records.Length > 0)
        {
            isWritten = TryAppend(batch.Records);
        }

        if (isWritten || !MayTry)
        {
            Answer(_flushes, isWritten);
        }
        else
        {
            // They wait for the index that is about to be written.
            _pending.WaitOn(_flushes);
        }

        _flushes = [];
    }

    private static void Answer(List<TaskCompletionSource<bool>> flushes, bool isWritten) =>
        flushes.ForEach(flush => flush.TrySetResult(isWritten));

    private bool TryAppend(RecordBuffer records)
    {
        try
        {
            return _files.Append(records.Written);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Fail(error);
            return false;
        }
    }

    private void Watch()
    {
        if (MayTry && (_hasVanished || !IsInPlace()))
        {
            _hasVanished = true;
            _files.Dispose();
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

    private bool IsInPlace() => _files.IsInPlace && AreFilesInPlace();

    private void Rewrite()
    {
        if (_files.Next is null && (!_files.IsRewriteDue(MinRewriteBytes) || _hasVanished || !MayTry))
        {
            return;
        }

        try
        {
            if (_files.Rewrite(_index, () => _pending.Wake()))
            {
                Rewritten();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Fail(error);
            _files.Abandon();
        }
    }

    private void Rewritten()
    {
        (_hasFailed, _hasFaulted) = (false, false);
        if (_hasStoppedWriting)
        {
            // Otherwise a write of a slice has stopped it, about which this file says nothing.
            _hasStoppedWriting = false;
            _writing.Succeeded();
        }

        _pending.Wake();
    }

    private void Close()
    {
        try
        {
            if (!_hasVanished && MayTry)
            {
                // For the places in the queues and the uses, which are not recorded as they change; and the next start reads no more than
                // there is.
                _files.RewriteAtOnce(_index);
                Rewritten();
            }

            if (_files.Current is { } file)
            {
                var closed = new RecordBuffer();
                IndexRecords.WriteClosed(closed);
                file.Append(closed.Written);
                file.FlushToDisk();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next start finds what was written before, and compares checksums.
            Fail(error);
        }
    }

    private void Fail(Exception error)
    {
        _hasFailed = true;
        _failedAt = _time.GetTimestamp();
        _hasStoppedWriting = true;
        _writing.Failed(error);
    }
}
