using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>
/// Looks for an object in the shared tier before the origin is asked, and puts into the index what is found there: the object is then found
/// as one that somebody else has just brought. Thread-safe.
/// </summary>
/// <param name="index">Where the objects go.</param>
/// <param name="store">Where bytes go that came with the heads.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Cancelled at the end of the process.</param>
public sealed class TierLookup(ObjectIndex index, SliceStore store, TimeProvider time, CancellationToken stopping)
{
    private readonly StreamedBodyBudget _bodies = new(store.CapacityBytes / 4);

    /// <summary>The tier; null for none. Set once, before use.</summary>
    public ISharedTier? Tier { get; set; }

    /// <summary>Looks for what a request wants.</summary>
    /// <param name="request">The request.</param>
    /// <param name="fetch">Who waits for the object: when nobody does any more, the wait ends.</param>
    /// <returns>
    /// The object, where the tier has it and the request may be answered with it. Else null, and the request as it goes on to the origin:
    /// with what the tier has seen, and perhaps with the turn, which the caller ends.
    /// </returns>
    /// <exception cref="OperationCanceledException">The process is stopping.</exception>
    internal async ValueTask<(ObjectFetchRequest Request, Generation? Found)> FindAsync(ObjectFetchRequest request, ObjectFetch fetch)
    {
        if (Tier is not { } tier || request.Sharing == RequestSharing.Forbidden)
        {
            return (request, null);
        }

        using var unwanted = CancellationTokenSource.CreateLinkedTokenSource(fetch.Abandoned, stopping);
        TierObjects? objects;
        try
        {
            objects = await tier.FindAsync(request.Key, unwanted.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return (request, null);
        }

        if (objects is null)
        {
            return (request, null);
        }

        if (request.Stale is { IsRetired: true })
        {
            request = request.Validating(null);
        }

        request = request with { TierMark = objects.Mark, TierTurn = objects.Turn, Asked = objects.Asked };
        Generation? last = null;
        foreach (var variant in objects.Variants)
        {
            last = await TakeAsync(request, variant);
        }

        if (last is null)
        {
            return (request, null);
        }

        if (fetch.FindStored() is { } found)
        {
            return (request, found);
        }

        // What is no longer fresh spares the origin its bytes. With variants only the client's fields tell which one it would be.
        bool isForAll = request.Stale is null && objects.Variants is [{ Selecting: null }];
        return (isForAll && last.IsUsable ? request.Validating(last) : request, null);
    }

    // The live generation of the variant's version: that of before, as fresh as the tier has it, or a new one. Null when its body finds no
    // room.
    private async ValueTask<Generation?> TakeAsync(ObjectFetchRequest request, TierObject variant)
    {
        if (index.FindVariant(request.Key, variant.Selecting) is { IsUsable: true } known && variant.IsSameAs(known)
            && known.HasSeenRemovals(request.TierMark!))
        {
            bool isFresher = IsFresher(variant.Response, known.Response);
            if (isFresher || known.TierMark?.Removals != request.TierMark!.Removals)
            {
                // Its slices are there under the names by this mark.
                known.TierMark = request.TierMark;
            }

            if (isFresher)
            {
                index.Freshen(known, variant.Response, request.Asked);
            }

            return known;
        }

        // The tier has what was there before: it has not been told yet.
        if (index.FindVariant(request.Key, variant.Selecting) is { IsUntold: true })
        {
            return null;
        }

        if (variant.Body is not { Length: > 0 } body)
        {
            var generation = NewGeneration(request, variant);
            index.Publish(generation, request.Asked, isNews: false);
            return generation;
        }

        using var fill = new StreamedBodyFill(
            store,
            variant.Grid,
            _bodies,
            _ => NewGeneration(request, variant),
            whole => index.Publish(whole, request.Asked, isNews: false));
        await fill.AppendAsync(body);
        await fill.CompleteAsync();
        return fill.Outcome.IsCompletedSuccessfully ? fill.Outcome.Result : null;
    }

    private Generation NewGeneration(ObjectFetchRequest request, TierObject variant) =>
        new(request.Key, variant.Response, variant.Grid, isShared: true, store)
        {
            Selecting = variant.Selecting,
            IsWhole = variant.IsWhole,
            TierStamp = new TierStamp(request.TierMark, variant.LastPurge),
        };

    private bool IsFresher(StoredResponse one, StoredResponse other)
    {
        var now = Instant.Now(time);
        return other.IsPurged || RestOf(one) > RestOf(other);

        TimeSpan RestOf(StoredResponse response) => response.Freshness.Lifetime - response.Freshness.AgeAt(now);
    }
}
