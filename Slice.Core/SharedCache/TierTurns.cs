using System.Collections.Concurrent;
using System.Text;
using Slice.Core.Fetching;

namespace Slice.Core.SharedCache;

/// <summary>
/// The turns to ask the origin: a short lease in the store for each thing that several instances may miss at once. Who has the lease asks,
/// and renews it until that is over; a dead holder's lease ends by itself, and another instance takes it. Thread-safe.
/// </summary>
/// <param name="access">The store.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Cancelled at the end of the process.</param>
internal sealed class TierTurns(TierAccess access, TimeProvider time, CancellationToken stopping) : IDisposable
{
    /// <summary>
    /// How long a turn outlives its holder: what others wait for at most when it dies. Memcached counts in seconds, and one of them may be
    /// over in no time.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(2);

    // Who finds it asks for itself: nothing came of the turn, and one after the other would wait in vain.
    private static readonly byte[] s_released = "-"u8.ToArray();
    private static readonly TimeSpan s_releasedFor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_renewal = Lifetime / 4;

    private readonly ConcurrentDictionary<string, Lease> _held = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private ITimer? _renewing;
    private int _isRenewing;

    /// <summary>What came of an attempt to take a turn.</summary>
    public enum Taking
    {
        /// <summary>It is ours.</summary>
        Taken,

        /// <summary>Another instance has it.</summary>
        HeldByOther,

        /// <summary>Another instance had it, and nothing came of it.</summary>
        Released,

        /// <summary>The store does not say.</summary>
        Unknown,
    }

    /// <summary>Tries to take the turn for what is under a name.</summary>
    public async ValueTask<(Taking Taking, TierTurn? Turn)> TryTakeAsync(string name, CancellationToken ct)
    {
        string key = TierNames.TurnOf(name);
        var lease = new Lease(Encoding.ASCII.GetBytes(Guid.NewGuid().ToString("N"))) { ConfirmedAt = time.GetTimestamp() };
        var (outcome, isTaken) = await access.RunAsync(token => access.Store.TryAddAsync(key, lease.Holder, Lifetime, token), 0, ct);
        if (outcome != TierOutcome.Done)
        {
            return (Taking.Unknown, null);
        }

        if (isTaken)
        {
            return (Taking.Taken, Hold(key, lease));
        }

        var (read, value) = await access.RunAsync(token => access.Store.GetShortAsync(key, isSure: false, token), 0, ct);
        using (value)
        {
            if (value?.Bytes.Span.SequenceEqual(lease.Holder) == true)
            {
                // Added by a try whose answer did not come in time.
                return (Taking.Taken, Hold(key, lease));
            }

            return (read != TierOutcome.Done ? Taking.Unknown
                : value?.Bytes.Span.SequenceEqual(s_released) == true ? Taking.Released
                : Taking.HeldByOther, null);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _renewing?.Dispose();
        }
    }

    private TierTurn Hold(string key, Lease lease)
    {
        _held[key] = lease;
        Renew();
        return new TierTurn(isFilled => _ = EndAsync(key, isFilled));
    }

    // Never throws: whoever ends a turn does not wait. A store that does not answer forgets the turn by itself.
    private async Task EndAsync(string key, bool isFilled)
    {
        if (!_held.TryRemove(key, out var lease))
        {
            return;
        }

        try
        {
            if (time.GetElapsedTime(lease.ConfirmedAt) >= Lifetime && !await TryRenewAsync(key, lease))
            {
                // Another instance may have it by now.
                return;
            }

            await access.RunAsync(
                async token =>
                {
                    if (isFilled)
                    {
                        await access.Store.RemoveAsync(key, token);
                    }
                    else
                    {
                        await access.Store.SetAsync(key, s_released, s_releasedFor, token);
                    }

                    return true;
                },
                0,
                stopping);
        }
        catch (OperationCanceledException)
        {
            // The process is stopping.
        }
    }

    private void Renew()
    {
        lock (_lock)
        {
            _renewing ??= time.CreateTimer(_ => _ = RenewAllAsync(), null, s_renewal, s_renewal);
        }
    }

    // Never throws.
    private async Task RenewAllAsync()
    {
        if (Interlocked.Exchange(ref _isRenewing, 1) != 0)
        {
            return;
        }

        try
        {
            await Task.WhenAll(_held.Select(held => TryRenewAsync(held.Key, held.Value)));
        }
        catch (OperationCanceledException)
        {
            // The process is stopping.
        }
        finally
        {
            Volatile.Write(ref _isRenewing, 0);
        }
    }

    // Whether the store says that it is ours still.
    private async Task<bool> TryRenewAsync(string key, Lease lease)
    {
        long began = time.GetTimestamp();
        var (outcome, isOwn) = await access.RunAsync(
            token => access.Store.TryRenewAsync(key, lease.Holder, Lifetime, token), 0, stopping);
        if (outcome != TierOutcome.Done || !isOwn)
        {
            return false;
        }

        lease.ConfirmedAt = began;
        return true;
    }

    private sealed class Lease(byte[] holder)
    {
        private long _confirmedAt;

        public byte[] Holder => holder;

        // When it was last known to be ours.
        public long ConfirmedAt
        {
            get => Volatile.Read(ref _confirmedAt);
            set => Volatile.Write(ref _confirmedAt, value);
        }
    }
}
