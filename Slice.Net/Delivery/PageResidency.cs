using Slice.Core.Objects;
using Slice.Core.Storage;
using Slice.Net.Exchange;

namespace Slice.Net.Delivery;

/// <summary>
/// Brings bytes of the store into memory on threads that may wait for the disk, so that no thread that serves connections ever does:
/// a send of mapped bytes that are not in memory would hold up every client of that thread until the disk has answered. (nginx without
/// <c>aio threads</c> does so.) Thread-safe. Disposing ends the threads and answers what still waits with false.
/// </summary>
/// <remarks>
/// Clients of cold bytes wait in one line, first come, first served. Each connection has one place in it (<see cref="PageWish"/>) and asks
/// for a piece of at most <see cref="ClientWriter.MaxWriteBytes"/>, or one slice to compare, then stands at its end again: a device that is
/// too slow for its readers is shared evenly, piece by piece. <c>limits.max_connections</c> bounds the line, and nothing in it is dropped:
/// 3,500 cold readers are 16 reads at the device and 3,484 places, each a hundred bytes, and every reader gets its 3,500th of the device.
/// Clients of bytes in memory never come here. Reading ahead (<see cref="PagesAhead"/>) has a line of its own, served only by threads that
/// no client waits for.
/// </remarks>
internal sealed class PageResidency : IDisposable
{
    // Reads in flight at the device; arbitrary: enough for the queue of a disk array, and an SSD has 32 and more.
    private const int ThreadCount = 16;

    // A client that comes while all of these read ahead still finds most threads free. Arbitrary.
    private const int MaxThreadsAhead = 4;
    private const int ThreadStackBytes = 128 << 10;

    // Times PagesAhead.MaxBytes it is what all connections together have read ahead and not sent: 256 MiB. Arbitrary.
    private const int MaxReadersAhead = 128;

    // Waited on by the threads, so not a Lock.
    private readonly object _monitor = new();
    private readonly Queue<PageWork> _wishes = new();
    private readonly Queue<PageWork> _ahead = new();

    // Started with the first byte that is missing.
    private Thread[] _threads = [];
    private int _threadsAhead;
    private int _readersAhead;
    private bool _isDisposed;

    /// <summary>
    /// Told of an exception that work has thrown, a defect of ours or of the disk; on any thread. Set once, before use; must not throw.
    /// </summary>
    public Action<Exception>? WorkFailed { get; set; }

    /// <summary>Told of a slice whose bytes are not what was stored, or cannot be read. Set once, before use; must not throw.</summary>
    public Action<Generation, StoredSlice>? SliceDamaged { get; set; }

    /// <summary>Brings bytes of a slice on which the caller holds a lease into memory for a while.</summary>
    /// <returns>False when they cannot be read: the file was cut short, the device failed, or this is disposed.</returns>
    public ValueTask<bool> BringInAsync(PageWish wish, StoredSlice slice, int skipBytes, int takeBytes)
    {
        var granted = wish.Make(slice, skipBytes, takeBytes);
        Enter(_wishes, wish);
        return granted;
    }

    /// <summary>Compares a slice of an earlier run with its checksum; the caller holds a lease on it.</summary>
    /// <returns>False when its bytes are not what was stored, or as with <see cref="BringInAsync"/>.</returns>
    public ValueTask<bool> VerifyAsync(PageWish wish, StoredSlice slice) => BringInAsync(wish, slice, 0, slice.LengthBytes);

    /// <summary>Takes one of the places for readers ahead; false when all are taken. Pair with <see cref="LeaveAhead"/>.</summary>
    public bool TryEnterAhead()
    {
        if (Interlocked.Increment(ref _readersAhead) <= MaxReadersAhead)
        {
            return true;
        }

        LeaveAhead();
        return false;
    }

    /// <summary>Gives a place for a reader ahead back.</summary>
    public void LeaveAhead() => Interlocked.Decrement(ref _readersAhead);

    /// <summary>Has <paramref name="work"/> of somebody with a place for readers ahead done when no client waits.</summary>
    public void RunAhead(PageWork work) => Enter(_ahead, work);

    /// <summary>Takes the lock that threads and connections meet at, and gives it back: returns unless somebody keeps it.</summary>
    /// <exception cref="InvalidOperationException">A thread has ended by itself, so that clients would wait for ever.</exception>
    public void Probe()
    {
        lock (_monitor)
        {
            if (!_isDisposed && Array.Exists(_threads, static thread => !thread.IsAlive))
            {
                throw new InvalidOperationException("a thread that reads stored bytes has ended");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_monitor)
        {
            _isDisposed = true;
            Monitor.PulseAll(_monitor);
        }

        foreach (var thread in _threads)
        {
            thread.Join();
        }

        AbandonAll(_wishes);
        AbandonAll(_ahead);
    }

    private static void AbandonAll(Queue<PageWork> queue)
    {
        while (queue.TryDequeue(out var work))
        {
            work.Abandon();
        }
    }

    private void Enter(Queue<PageWork> queue, PageWork work)
    {
        lock (_monitor)
        {
            if (!_isDisposed)
            {
                if (_threads.Length == 0)
                {
                    _threads = StartThreads();
                }

                queue.Enqueue(work);
                Monitor.Pulse(_monitor);
                return;
            }
        }

        work.Abandon();
    }

    private Thread[] StartThreads()
    {
        var threads = new Thread[ThreadCount];
        for (int index = 0; index < threads.Length; index++)
        {
            threads[index] = new Thread(Run, ThreadStackBytes) { IsBackground = true, Name = "page-residency" };
            threads[index].Start();
        }

        return threads;
    }

    private void Run()
    {
        bool isAhead = false;
        while (Next(ref isAhead) is { } work)
        {
            try
            {
                work.Run();
            }
            catch (Exception error)
            {
                // The edge of the thread: uncaught, it would end the process. It costs this piece.
                work.Abandon();
                WorkFailed?.Invoke(error);
            }
        }
    }

    // A pulse may wake a thread that may not read ahead only because others do: each of those looks again when it is done.
    private PageWork? Next(ref bool isAhead)
    {
        lock (_monitor)
        {
            _threadsAhead -= isAhead ? 1 : 0;
            while (!_isDisposed)
            {
                if (_wishes.TryDequeue(out var wish))
                {
                    isAhead = false;
                    return wish;
                }

                if (_threadsAhead < MaxThreadsAhead && _ahead.TryDequeue(out var ahead))
                {
                    _threadsAhead++;
                    isAhead = true;
                    return ahead;
                }

                Monitor.Wait(_monitor);
            }

            return null;
        }
    }
}
