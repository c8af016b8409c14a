using Slice.Core.Caching;
using Slice.Core.Objects;

namespace Slice.Core.SharedCache;

/// <summary>Reads the two counters of an object, as far as the store tells them now. Thread-safe.</summary>
/// <param name="access">The store.</param>
/// <param name="names">The keys.</param>
/// <param name="time">The clock.</param>
internal sealed class TierCounters(TierAccess access, TierNames names, TimeProvider time)
{
    /// <summary>
    /// The hard removals. A store that forgets the counter of an object forgets with it that something was removed: a new one begins above
    /// all of before, so that neither a head nor a slice is taken for one of this time.
    /// </summary>
    public async ValueTask<(TierOutcome Outcome, long Number)> RemovalsOfAsync(CacheKey key, CancellationToken ct)
    {
        string counter = names.RemovalsOf(key.Bytes);
        var known = await ReadAsync(counter, ct);
        if (known is not (TierOutcome.Done, 0) || !access.Store.LosesSome)
        {
            return known;
        }

        long first = TierMark.NewCounter(time);
        return await access.RunAsync(token => access.Store.EnsureCounterAsync(counter, first, token), 0, ct);
    }

    /// <summary>The changes and soft purges.</summary>
    public ValueTask<(TierOutcome Outcome, long Number)> DoubtsOfAsync(CacheKey key, CancellationToken ct) =>
        ReadAsync(names.DoubtsOf(key.Bytes), ct);

    private ValueTask<(TierOutcome Outcome, long Number)> ReadAsync(string counter, CancellationToken ct) =>
        access.RunAsync(token => access.Store.ReadCounterAsync(counter, token), 0, ct);
}
