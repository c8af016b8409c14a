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
    private readonly CacheDirectory _directory;
    private readonly ObjectIndex _index;
    private readonly DiskUse _writing;
    private readonly TimeProvider _time;
    private readonly Thread _thread;

    // The thread's own.
    private List<TaskCompletionSource<bool>> _flushes = [];
    private IndexFile? _file;
    private IndexRewrite? _rewrite;
    private long _rewrittenBytes;
    private long _failedAt;
    private bool _hasFailed;
    private bool _hasFaulted;
    private bool _hasStoppedWriting;
    private bool _hasVanished;

    /// <summary>A thread that writes what <paramref name="index"/> holds, not started yet.</summary>
    /// <param name="pending">Where the records come from.</param>
    /// <param name="directory">Where the index lies.</param>
    /// <param name="index">What it is about.</param>
    /// <param name="file">The index of an earlier run, when it says exactly what is there; null to write one.</param>
    /// <param name="writing">Told whether the index could be written.</param>
    /// <param name="time">The clock.</param>
    public IndexWriter(
        PendingRecords pending, CacheDirectory directory, ObjectIndex index, IndexFile? file, DiskUse writing, TimeProvider time)
    {
        _pending = pending;
        _directory = directory;
        _index = index;
        _file = file;
        _rewrittenBytes = file?.LengthBytes ?? 0;
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

        Abandon();
        CloseFile();
    }

    private void Run()
    {
        bool isLast;
        do
        {
            bool isIdle = _rewrite is null ? _file is not null || !MayTry : _rewrite.IsWaiting;
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

        Abandon();
        CloseFile();
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
        Abandon();
        CloseFile();
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
            CloseFile();
            Abandon();
        }

        bool isWritten = _file is not null;
        if (!batch.HasOverflowed && batch.Records.Length > 0)
        {
            isWritten = TryAppend(batch.Records);
            _rewrite?.Append(batch.Records.Written);
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
        if (_file is null)
        {
            return false;
        }

        try
        {
            _file.Append(records.Written);
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

    private void Rewrite()
    {
        bool isDue = _file is null || _file.LengthBytes > MinRewriteBytes + (2 * _rewrittenBytes);
        if (_rewrite is null && (!isDue || _hasVanished || !MayTry))
        {
            return;
        }

        try
        {
            _rewrite ??= new IndexRewrite(_directory.NextIndexPath, _index) { Flushed = () => _pending.Wake() };
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
                Abandon();
                _rewrite = new IndexRewrite(_directory.NextIndexPath, _index);
                _rewrite.Complete();
                FinishRewrite(_rewrite);
            }

            if (_file is not null)
            {
                var closed = new RecordBuffer();
                IndexRecords.WriteClosed(closed);
                _file.Append(closed.Written);
                _file.FlushToDisk();
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
