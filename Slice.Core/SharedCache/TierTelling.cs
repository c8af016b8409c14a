using System.Collections.Concurrent;
using Slice.Core.Caching;
using Slice.Core.Objects;

namespace Slice.Core.SharedCache;

/// <summary>
/// Tells the other instances what this one has changed or removed, one entry at a time: at once where somebody waits for that, else from
/// the backlog. Thread-safe, but for <see cref="TellWaitingAsync"/>, which one caller at a time may call.
/// </summary>
/// <param name="access">The store.</param>
/// <param name="news">Writes the entries.</param>
/// <param name="backlog">What waits.</param>
/// <param name="time">The clock.</param>
internal sealed class TierTelling(TierAccess access, TierNews news, TierBacklog backlog, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _telling = new(1, 1);
    private readonly ConcurrentQueue<Generation> _toldEarly = [];

    /// <summary>Called with the head of an object when the others have heard that it has the place of another version.</summary>
    public Action<Generation>? SuccessorTold { get; set; }

    /// <summary>Whether the store has what this instance has learned of alone; null for nobody who compares.</summary>
    public Func<Generation, CancellationToken, ValueTask<bool>>? IsThere { get; set; }

    /// <summary>
    /// Tells what waits, until nothing does or the store does not take it, and then false. What is at nodes that are away is tried once
    /// more by the next look. What was learned of alone waits for <see cref="CompareAsync"/>.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<bool> TellWaitingAsync(CancellationToken ct)
    {
        // What comes meanwhile has woken the loop for its next look.
        for (int round = 0; round < TierBacklog.MostEvents / TierBacklog.EventsAtOnce; round++)
        {
            var batch = backlog.Peek();
            if (batch.IsEmpty)
            {
                return true;
            }

            var told = Once(batch.Events);
            var (number, uncounted) = told.Length > 0 ? await TellNowAsync(told, ct) : (0, []);
            if (number is null)
            {
                return false;
            }

            foreach (var purge in batch.HasDropped ? [.. batch.Purges, AllInstead(batch.HasDroppedRemoval)] : batch.Purges)
            {
                if (await TellNowAsync(purge, ct) is null)
                {
                    return false;
                }
            }

            backlog.Remove(batch, uncounted.Select(static rest => rest with { IsSaid = !rest.IsOfNoVersion }));
            if (uncounted.Count > 0 && uncounted.Count == told.Length)
            {
                return true;
            }
        }

        return true;
    }

    /// <summary>
    /// Compares some of what was learned of alone with the store: an operation that met its deadline, while the store was there, is the
    /// reason mostly, and another instance has brought the same version. To count that as a change would take its head away from all. The
    /// rest waits to be told.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask CompareAsync(CancellationToken ct)
    {
        var learned = backlog.PeekLearned();
        bool[] isKnown = await Task.WhenAll(learned.Select(told => IsKnownAsync(told, ct).AsTask()));
        backlog.RemoveLearned(learned.Length, learned.Where((_, index) => !isKnown[index]));
    }

    private async ValueTask<bool> IsKnownAsync(TierEvent told, CancellationToken ct)
    {
        // What waits to be told about its key may be a removal, of which the store knows nothing yet.
        if (IsThere is null || told is not { MayBeKnown: true, Successor: { } learned } || backlog.HasEventOf(told.Key))
        {
            return false;
        }

        bool isKnown = await IsThere(learned, ct);
        learned.IsUntold &= !isKnown;
        return isKnown;
    }

    /// <summary>Offers the heads that were told while the store was not used.</summary>
    public void OfferTold()
    {
        while (_toldEarly.TryDequeue(out var successor))
        {
            SuccessorTold?.Invoke(successor);
        }
    }

    /// <summary>What stands in for all that was dropped.</summary>
    public Purge AllInstead(bool isRemoval) => Purge.OfAll(isSoft: !isRemoval, Instant.Now(time));

    /// <summary>Tells some events at once.</summary>
    /// <param name="events">The events.</param>
    /// <param name="ct">Ends the attempt.</param>
    /// <param name="isWaitedFor">Whether somebody waits, who need not find out again that the store is down.</param>
    /// <returns>See <see cref="TierLog.TellAsync(IReadOnlyList{TierEvent}, long, CancellationToken)"/>.</returns>
    public async ValueTask<(long? Number, IReadOnlyList<TierEvent> Uncounted)> TellNowAsync(
        TierEvent[] events, CancellationToken ct, bool isWaitedFor = false)
    {
        await _telling.WaitAsync(ct);
        try
        {
            if (IsInVain(isWaitedFor))
            {
                return (null, []);
            }

            var (number, uncounted) = await news.TellAsync(events, ct);
            foreach (var told in number is null ? [] : events.Except(uncounted))
            {
                if (told.Successor is { IsRetired: false } successor)
                {
                    successor.IsUntold = false;
                    successor.IsMarkWanted = successor is { TierMark: null, Response.MayCombine: true, WasAskedAsOwn: false };
                    Offer(successor);
                }
            }

            return (number, uncounted);
        }
        finally
        {
            _telling.Release();
        }
    }

    /// <summary>Tells of a purge of many objects in the same way; its number, or null.</summary>
    public async ValueTask<long?> TellNowAsync(Purge purge, CancellationToken ct, bool isWaitedFor = false)
    {
        await _telling.WaitAsync(ct);
        try
        {
            return IsInVain(isWaitedFor) ? null : await news.TellAsync(purge, ct);
        }
        finally
        {
            _telling.Release();
        }
    }

    // What is offered to a store that is not used is dropped, at once or after a moment.
    private void Offer(Generation successor)
    {
        if (access.State == TierState.Up)
        {
            SuccessorTold?.Invoke(successor);
        }
        else if (_toldEarly.Count < TierBacklog.MostEvents)
        {
            _toldEarly.Enqueue(successor);
        }
    }

    // One of many that somebody waits for finds out that the store is down, by its deadline. Those behind it need not find out again.
    private bool IsInVain(bool isWaitedFor) => isWaitedFor && access.State == TierState.Down;

    // The last of several about one version. Two variants may have changed from versions that look alike: each waits to be told.
    private static TierEvent[] Once(TierEvent[] events) => [.. events
        .GroupBy(static told => (told.Subject, told.Successor is { IsRetired: false } ? told.Successor : null))
        .Select(static same => same.Last())];

    /// <summary>Ends it, once nobody tells anything any more.</summary>
    public void Dispose() => _telling.Dispose();
}
