using System.Buffers;
using Slice.Core.Objects;

namespace Slice.Core.Fetching;

/// <summary>Fills slices from the shared tier, and offers to it what came from the origin. Thread-safe.</summary>
/// <param name="attempts">Puts the bytes into the store.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Cancelled at the end of the process.</param>
internal sealed class TierFills(SliceFetchAttempts attempts, TimeProvider time, CancellationToken stopping)
{
    /// <summary>The tier; null for none. Set once, before use.</summary>
    public ISharedTier? Tier { get; set; }

    /// <summary>
    /// Fills the slice of one fetch; false when the tier does not have it, or the store does not take it, or nobody waits for it any more.
    /// The fetch may then have the turn to ask the origin.
    /// </summary>
    /// <exception cref="OperationCanceledException">The process is stopping.</exception>
    public async ValueTask<bool> TryFillAsync(SliceFetch fetch)
    {
        if (Tier is not { } tier || !IsForTier(fetch.Generation))
        {
            fetch.TierPlace?.Leave();
            return false;
        }

        using var unwanted = CancellationTokenSource.CreateLinkedTokenSource(fetch.Abandoned, stopping);
        try
        {
            // After a beginning the fetch goes on without clients, and nobody else must wait for a turn that is taken for none.
            return await LookAsync(tier, fetch, unwanted) is { } isFilled ? isFilled
                : fetch.TryAwait()
                && await FillWithAsync(fetch, await tier.FollowAsync(fetch.Generation, fetch.SliceIndex, unwanted.Token), unwanted) is true;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return false;
        }
    }

    // Whether it is filled; null when others may bring it.
    private async ValueTask<bool?> LookAsync(ISharedTier tier, SliceFetch fetch, CancellationTokenSource unwanted)
    {
        try
        {
            if (fetch.TierPlace is { } place)
            {
                await place.ComesAsync(time, unwanted.Token);
            }

            var found = await tier.ReadAsync(fetch.Generation, fetch.SliceIndex, fetch.IsNext, unwanted.Token);
            return found.IsMissing ? null : await FillWithAsync(fetch, found, unwanted);
        }
        finally
        {
            fetch.TierPlace?.Leave();
        }
    }

    // Whether it is filled; null when others may bring the rest.
    private async ValueTask<bool?> FillWithAsync(SliceFetch fetch, TierSlice found, CancellationTokenSource unwanted)
    {
        await using (found)
        {
            fetch.Turn = found.Turn;
            if (found.Rest is not { } coming)
            {
                return await TryFillWithWholeAsync(fetch, found.Bytes);
            }

            if (!await attempts.TryFillWithAsync(fetch, found.Bytes))
            {
                await unwanted.CancelAsync();
                return false;
            }

            var rest = await coming;
            return rest.IsMissing ? null
                : rest.Bytes.Length == fetch.LengthBytes - fetch.AvailableBytes && await attempts.TryFillWithAsync(fetch, rest.Bytes);
        }
    }

    // Its beginning may have come before and is sent then: the slice must begin with the same bytes.
    private async ValueTask<bool> TryFillWithWholeAsync(SliceFetch fetch, ReadOnlyMemory<byte> bytes) =>
        bytes.Length == fetch.LengthBytes
        && StoredBytesBegin(fetch, bytes.Span)
        && await attempts.TryFillWithAsync(fetch, bytes[fetch.AvailableBytes..]);

    private static bool StoredBytesBegin(SliceFetch fetch, ReadOnlySpan<byte> bytes)
    {
        if (fetch.AvailableBytes == 0)
        {
            return true;
        }

        byte[] stored = ArrayPool<byte>.Shared.Rent(fetch.AvailableBytes);
        try
        {
            var beginning = stored.AsSpan(0, fetch.AvailableBytes);
            return fetch.Slice.Read(beginning, 0) == beginning.Length && bytes.StartsWith(beginning);
        }
        catch (IOException)
        {
            // The client is told by the read that is made for him.
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
        }
    }

    /// <summary>The place of a fetch that lets another one of its download go first; null where there is no tier.</summary>
    public TierPlace? PlaceBehind(SliceFetch? first) => Tier is null ? null : new TierPlace(first?.TierPlace);

    /// <summary>Offers the slice of a fetch that is complete, with the turn that the fetch may have.</summary>
    public void Offer(SliceFetch fetch)
    {
        if (Tier is { } tier && IsForTier(fetch.Generation) && !fetch.WasOffered)
        {
            fetch.WasOffered = true;
            tier.Offer(fetch.Generation, fetch.SliceIndex, fetch.IsFirst, fetch.TakeTurn());
        }
    }

    /// <summary>Offers the head of an object, with a turn that the caller may have.</summary>
    public void Offer(Generation generation, TierTurn? turn)
    {
        if (Tier is { } tier && IsForTier(generation))
        {
            tier.Offer(generation, turn);
        }
        else
        {
            turn?.End(isFilled: false);
        }
    }

    /// <summary>Offers what is stored of the slices of an object that others may have only now.</summary>
    public void OfferStored(Generation generation)
    {
        if (Tier is { } tier && IsForTier(generation))
        {
            tier.OfferStored(generation);
        }
    }

    // What is for one client only never goes to a tier that others read, and is never looked for there. Nor is what was asked for while the
    // tier was away: nobody knows which removals came in between.
    private static bool IsForTier(Generation generation) => generation is { IsShared: true, IsRetired: false, TierMark: not null };
}
