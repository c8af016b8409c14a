using System.Buffers;
using Slice.Core.Objects;

namespace Slice.Core.Fetching;

/// <summary>Fills slices from the shared tier, and offers to it what came from the origin. Thread-safe.</summary>
/// <param name="attempts">Puts the bytes into the store.</param>
/// <param name="stopping">Cancelled at the end of the process.</param>
internal sealed class TierFills(SliceFetchAttempts attempts, CancellationToken stopping)
{
    /// <summary>The tier; null for none. Set once, before use.</summary>
    public ISharedTier? Tier { get; set; }

    /// <summary>Fills the slice of one fetch; false when the tier does not have it, or the store does not take it.</summary>
    /// <exception cref="OperationCanceledException">The process is stopping.</exception>
    public async ValueTask<bool> TryFillAsync(SliceFetch fetch)
    {
        if (Tier is not { } tier || !IsForTier(fetch.Generation))
        {
            return false;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(fetch.LengthBytes);
        try
        {
            var slice = buffer.AsMemory(0, fetch.LengthBytes);
            return await tier.TryReadAsync(fetch.Generation, fetch.SliceIndex, slice, stopping)
                && await attempts.TryFillWithAsync(fetch, slice);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Offers the slice of a fetch that is complete.</summary>
    public void Offer(SliceFetch fetch)
    {
        if (IsForTier(fetch.Generation))
        {
            Tier?.Offer(fetch.Generation, fetch.SliceIndex);
        }
    }

    // What is for one client only never goes to a tier that others read, and is never looked for there. Nor is a version that no validator
    // tells from the next one (B25).
    private static bool IsForTier(Generation generation) => generation is { IsShared: true, Response.MayCombine: true };
}
