using System.Buffers;
using System.Threading.Channels;
using Slice.Core.Fetching;
using Slice.Core.Observability;

namespace Slice.Core.SharedCache;

/// <summary>
/// Writes what was offered to a shared store, behind the requests: a few at a time, from a queue that drops what it has no room for.
/// Thread-safe.
/// </summary>
/// <remarks>
/// What is dropped is asked of the origin again by each other instance, and by this one when it begins anew. So a store that stumbles is
/// waited for, and one that was slow once is tried once more.
/// </remarks>
internal sealed class TierWriter : IAsyncDisposable
{
    // 256 slices of 1 MiB are what a machine with 10 Gbit/s fetches in 200 ms. They lie in the store meanwhile, and one of each writer in
    // memory. Arbitrary.
    private const int MostWaiting = 256;
    private const int Writers = 4;

    private readonly Channel<Work> _queue = Channel.CreateBounded<Work>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.Wait });

    private readonly TierAccess _access;
    private readonly TierMeter _meter;
    private readonly CancellationToken _stopping;
    private readonly Task _writing;

    /// <summary>Whether the store takes what it is given.</summary>
    public TierRefusals Refusals { get; }

    /// <summary>Begins to write.</summary>
    /// <param name="access">The store.</param>
    /// <param name="meter">The figures.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stopping">Cancelled at the end of the process.</param>
    public TierWriter(TierAccess access, TierMeter meter, TimeProvider time, CancellationToken stopping)
    {
        Refusals = new TierRefusals(time);
        (_access, _meter, _stopping) = (access, meter, stopping);
        _writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAllAsync()));
    }

    /// <summary>Writes values soon, one after the other. Never waits; what cannot be written is dropped, and the turn ends.</summary>
    /// <param name="compose">
    /// Each makes a value when its time has come, or null when there is none any more; then the rest is not written either. Must not throw.
    /// </param>
    /// <param name="turn">The turn that ends when all is written; null for none.</param>
    public void Add(Func<ValueTask<TierValue?>>[] compose, TierTurn? turn)
    {
        if (!_access.IsUpOrStumbles || !_queue.Writer.TryWrite(new Work(compose, turn)))
        {
            _meter.Writes.Add("dropped");
            turn?.End(isFilled: false);
        }
    }

    /// <summary>Drops what is waiting and ends. The token that was given at the start must have been cancelled.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _writing;
        while (_queue.Reader.TryRead(out var work))
        {
            work.Turn?.End(isFilled: false);
        }
    }

    // Never throws.
    private async Task WriteAllAsync()
    {
        try
        {
            await foreach (var (compose, turn) in _queue.Reader.ReadAllAsync(_stopping))
            {
                bool isWritten = false;
                try
                {
                    isWritten = await WriteAllOfAsync(compose);
                }
                finally
                {
                    turn?.End(isWritten);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process is stopping.
        }
    }

    private async ValueTask<bool> WriteAllOfAsync(Func<ValueTask<TierValue?>>[] compose)
    {
        foreach (var value in compose)
        {
            if (!await WriteAsync(value))
            {
                return false;
            }
        }

        return true;
    }

    private async ValueTask<bool> WriteAsync(Func<ValueTask<TierValue?>> compose)
    {
        var (outcome, lengthBytes) = await TryWriteAsync(compose);
        if (outcome == TierOutcome.Skipped || (outcome == TierOutcome.TimedOut && _queue.Reader.Count == 0))
        {
            // Composed anew: in the meantime another instance may have written more of the object. Not where others wait: what the store
            // has not taken in time is on its way, perhaps, and a store with too much to do would have it twice.
            var (again, length) = await TryWriteAsync(compose);
            (outcome, lengthBytes) = (again ?? outcome, length);
        }

        if (outcome is not { } last)
        {
            return false;
        }

        _meter.Writes.Add(last switch
        {
            TierOutcome.Done => "written",
            TierOutcome.TimedOut => "timeout",
            TierOutcome.Away or TierOutcome.Failed => "error",
            _ => "dropped",
        });
        _meter.AddBytesWritten(last == TierOutcome.Done ? lengthBytes : 0);
        return last == TierOutcome.Done;
    }

    // Without an outcome when there is nothing to write.
    private async ValueTask<(TierOutcome? Outcome, int LengthBytes)> TryWriteAsync(Func<ValueTask<TierValue?>> compose)
    {
        if (!await _access.WaitForStumbleAsync(_stopping))
        {
            return (TierOutcome.Skipped, 0);
        }

        if (await compose() is not { } value)
        {
            return (null, 0);
        }

        try
        {
            var bytes = value.Buffer.AsMemory(0, value.LengthBytes);
            var outcome = await _access.WriteAsync(
                token => _access.Store.SetAsync(value.Name, bytes, value.Lifetime, token), value.LengthBytes, _stopping, Refusals);
            return (outcome, value.LengthBytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(value.Buffer);
        }
    }

    private readonly record struct Work(Func<ValueTask<TierValue?>>[] Compose, TierTurn? Turn);
}
