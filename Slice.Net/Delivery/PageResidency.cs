using System.Collections.Concurrent;
using Slice.Core.Storage;

namespace Slice.Net.Delivery;

/// <summary>
/// Brings bytes of the store into memory on threads that may wait for the disk, so that no thread that serves connections ever does:
/// a send of mapped bytes that are not in memory would hold up every client of that thread until the disk has answered. (nginx without
/// <c>aio threads</c> does so.) Thread-safe. Disposing answers what waits and ends the threads.
/// </summary>
internal sealed class PageResidency : IDisposable
{
    // Reads in flight at the device; arbitrary: enough for the queue of a disk array, and an SSD has 32 and more.
    private const int ThreadCount = 16;
    private const int ThreadStackBytes = 128 << 10;

    private readonly Lock _lock = new();

    // At most one entry per connection, whose number is limited.
    private readonly BlockingCollection<Wish> _wishes = [];

    // Started with the first byte that is missing.
    private Thread[] _threads = [];
    private bool _isDisposed;

    /// <summary>Reads bytes of a slice on which the caller holds a lease, so that they are in memory for a while.</summary>
    /// <returns>False when they cannot be read: the file was cut short, the device failed, or this is disposed.</returns>
    public Task<bool> BringInAsync(StoredSlice slice, int skipBytes, int takeBytes)
    {
        var wish = new Wish(slice, skipBytes, takeBytes);
        lock (_lock)
        {
            if (_isDisposed)
            {
                return Task.FromResult(false);
            }

            if (_threads.Length == 0)
            {
                _threads = StartThreads();
            }

            _wishes.Add(wish);
        }

        return wish.Completion.Task;
    }

    /// <summary>Compares a slice of an earlier run with its checksum; the caller holds a lease on it.</summary>
    /// <returns>False when its bytes are not what was stored, or as with <see cref="BringInAsync"/>.</returns>
    public Task<bool> VerifyAsync(StoredSlice slice) => BringInAsync(slice, 0, slice.LengthBytes);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _wishes.CompleteAdding();
        }

        foreach (var thread in _threads)
        {
            thread.Join();
        }

        _wishes.Dispose();
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
        foreach (var wish in _wishes.GetConsumingEnumerable())
        {
            // Several readers may wish for one slice: the first of them to have its turn compares it.
            bool isGood = wish.Slice.IsVerified
                ? wish.Slice.BringIn(wish.SkipBytes, wish.TakeBytes)
                : SliceVerification.Verify(wish.Slice);
            wish.Completion.SetResult(isGood);
        }
    }

    private sealed class Wish(StoredSlice slice, int skipBytes, int takeBytes)
    {
        public StoredSlice Slice => slice;

        public int SkipBytes => skipBytes;

        public int TakeBytes => takeBytes;

        public TaskCompletionSource<bool> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
