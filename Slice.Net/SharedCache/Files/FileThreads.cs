using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// A few threads of its own for calls that block as long as a file system likes. A hung mount takes these threads and no others; who waits
/// for it is set free by his token, and the line before it is short. Thread-safe.
/// </summary>
/// <remarks>
/// Threads of the pool would not do: the kernel's wait for a hung server of NFS cannot be cancelled, so that every further operation would
/// take one more of them. An operation whose caller has left keeps its place in the line, so that a full line of a hung mount refuses the
/// next one at once, and does not let it wait for its deadline.
/// </remarks>
/// <param name="subject">What hangs when they hang, for messages.</param>
/// <param name="maxThreads">Most threads. They are started when there is work for them.</param>
/// <param name="maxWaiting">Most operations that wait for a thread.</param>
internal sealed class FileThreads(string subject, int maxThreads, int maxWaiting)
{
    // An object, since threads without work wait for it.
    private readonly object _gate = new();
    private readonly Queue<FileWork> _waiting = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _threads;
    private int _idle;
    private bool _isClosed;

    /// <summary>Does some work on one of the threads.</summary>
    /// <typeparam name="T">What comes of it; disposed when nobody waits for it any more.</typeparam>
    /// <param name="work">The work. It reads nothing that belongs to a caller who may leave.</param>
    /// <param name="input">What the work reads; disposed when it is done, or is not going to be done.</param>
    /// <param name="ct">Ends the wait at once, and not the work.</param>
    /// <exception cref="KeyValueStoreException">Too much is waiting already, or this is closed.</exception>
    public Task<T> RunAsync<T>(Func<T> work, IDisposable? input, CancellationToken ct)
    {
        var item = new FileWork<T>(work, input);
        if (ct.IsCancellationRequested)
        {
            input?.Dispose();
            return Task.FromCanceled<T>(ct);
        }

        if (!TryEnqueue(item))
        {
            input?.Dispose();
            throw new KeyValueStoreException(
                _isClosed ? $"{subject} is closed" : $"{subject} is busy: {maxWaiting} operations wait for it, {maxThreads} are under way");
        }

        return item.WaitAsync(ct);
    }

    /// <summary>Does some work some time, unless there is enough to do already.</summary>
    /// <returns>Whether it is going to be done.</returns>
    public bool TryPost(Action work) => TryEnqueue(new FileWork<bool>(
        () =>
        {
            work();
            return true;
        },
        input: null));

    /// <summary>Takes no more work, refuses what waits and lets the threads end.</summary>
    /// <param name="limit">How long to wait for them. One that hangs is left behind, and ends with the process.</param>
    public async Task CloseAsync(TimeSpan limit)
    {
        FileWork[] refused;
        lock (_gate)
        {
            _isClosed = true;
            refused = [.. _waiting];
            _waiting.Clear();
            Monitor.PulseAll(_gate);
            if (_threads == 0)
            {
                _ended.TrySetResult();
            }
        }

        Array.ForEach(refused, work => work.Fail(new KeyValueStoreException($"{subject} is closed")));
        try
        {
            // Real time: the threads wait for a real file system.
            await _ended.Task.WaitAsync(limit).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // They are background threads.
        }
    }

    private bool TryEnqueue(FileWork work)
    {
        lock (_gate)
        {
            if (_isClosed || _waiting.Count >= maxWaiting)
            {
                return false;
            }

            _waiting.Enqueue(work);
            if (_idle < _waiting.Count && _threads < maxThreads)
            {
                _threads++;
                new Thread(WorkUntilClosed) { IsBackground = true, Name = subject }.UnsafeStart();
            }

            Monitor.Pulse(_gate);
        }

        return true;
    }

    private void WorkUntilClosed()
    {
        while (Next() is { } work)
        {
            work.Run();
        }

        lock (_gate)
        {
            if (--_threads == 0)
            {
                _ended.TrySetResult();
            }
        }
    }

    // Null when this is closed.
    private FileWork? Next()
    {
        lock (_gate)
        {
            FileWork? work;
            _idle++;
            while (!_waiting.TryDequeue(out work) && !_isClosed)
            {
                Monitor.Wait(_gate);
            }

            _idle--;
            return work;
        }
    }
}
