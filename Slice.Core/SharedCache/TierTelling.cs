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

    /// <summary>Called with the head of an object when the others have heard that it has the place of another version.</summary>
    public Action<Generation>? SuccessorTold { get; set; }

    /// <summary>
    /// Whether the store has what an instance has learned of alone, so that the others have heard of it: it then gets the mark of what is
    /// there.
    /// </summary>
    public Func<Generation, CancellationToken, ValueTask<bool>>? TryTakeMark { get; set; }

    /// <summary>Tells what waits, until nothing does or the store does not take it.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask TellWaitingAsync(CancellationToken ct)
    {
        while (!await TellSomeAsync(static _ => false, ct))
        {
        }
    }

    /// <summary>
    /// Tells, before the store is used, what makes something in it outdated: what this instance has removed is there still, and would come
    /// back. What it has learned of alone waits, to be compared with what is there.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask TellFirstAsync(CancellationToken ct)
    {
        // So often all that waits has been at the front.
        for (int round = 0; round < TierBacklog.MostEvents / TierBacklog.EventsAtOnce && !await TellSomeAsync(MayBeKnown, ct); round++)
        {
        }
    }

    // True when nothing is left to do now. What is to wait goes to the end.
    private async ValueTask<bool> TellSomeAsync(Predicate<TierEvent> isToWait, CancellationToken ct)
    {
        var batch = backlog.Peek();
        if (batch.IsEmpty)
        {
            return true;
        }

        TierEvent[] all = Once(batch.Events);
        TierEvent[] waiting = [.. all.Where(told => isToWait(told))];
        var told = await WithoutKnownAsync([.. all.Except(waiting)], ct);
        var (number, uncounted) = told.Length > 0 ? await TellNowAsync(told, ct) : (0, []);
        if (number is null)
        {
            return true;
        }

        foreach (var purge in batch.HasDropped ? [.. batch.Purges, AllInstead(batch.HasDroppedRemoval)] : batch.Purges)
        {
            if (await TellNowAsync(purge, ct) is null)
            {
                return true;
            }
        }

        backlog.Remove(batch, [.. waiting, .. uncounted.Select(static rest => rest with { IsSaid = !rest.IsOfNoVersion })]);

        // Those at nodes that are away are tried once more by the next look.
        return uncounted.Count > 0 && uncounted.Count == told.Length;
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
                    successor.IsMarkWanted = successor.TierMark is null;
                    SuccessorTold?.Invoke(successor);
                }
            }

            return (number, uncounted);
        }
        finally
        {
            _telling.Release();
        }
    }

    /// <summary>
    /// Tells of a purge of many objects in the same way; its number, or null. What this instance has found in the store meanwhile, that was
    /// asked for before the purge had its number, is purged here once more, as the others purge theirs.
    /// </summary>
    public async ValueTask<long?> TellNowAsync(Purge purge, CancellationToken ct, bool isWaitedFor = false)
    {
        await _telling.WaitAsync(ct);
        try
        {
            long? number = IsInVain(isWaitedFor) ? null : await news.TellAsync(purge, ct);
            if (number is not null)
            {
                await news.PurgeAsync(purge.Again(Instant.Now(time)), ct);
            }

            return number;
        }
        finally
        {
            _telling.Release();
        }
    }

    // An operation that met its deadline, while the store was there, is the reason mostly: another instance has brought the same version.
    // To count that as a change would take the head of it away from all.
    private async ValueTask<TierEvent[]> WithoutKnownAsync(TierEvent[] events, CancellationToken ct)
    {
        bool[] isKnown = await Task.WhenAll(events.Select(told => IsKnownAsync(told, ct).AsTask()));
        return [.. events.Where((_, index) => !isKnown[index])];
    }

    private async ValueTask<bool> IsKnownAsync(TierEvent told, CancellationToken ct)
    {
        if (!MayBeKnown(told) || told.Successor is not { } successor || TryTakeMark is null)
        {
            return false;
        }

        bool isKnown = successor.TierMark is not null || await TryTakeMark(successor, ct);
        if (isKnown)
        {
            successor.IsUntold = false;
        }

        return isKnown;
    }

    private static bool MayBeKnown(TierEvent told) => told is { IsOfNoVersion: true, Successor.IsRetired: false };

    // One of many that somebody waits for finds out that the store is down, by its deadline. Those behind it need not find out again.
    private bool IsInVain(bool isWaitedFor) => isWaitedFor && access.State == TierState.Down;

    // The last of several about one version. Two variants may have changed from versions that look alike: each waits to be told.
    private static TierEvent[] Once(TierEvent[] events) => [.. events
        .GroupBy(static told => (told.Subject, told.Successor is { IsRetired: false } ? told.Successor : null))
        .Select(static same => same.Last())];

    /// <summary>Ends it, once nobody tells anything any more.</summary>
    public void Dispose() => _telling.Dispose();
}
