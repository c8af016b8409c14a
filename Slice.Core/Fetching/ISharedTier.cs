using Slice.Core.Objects;

namespace Slice.Core.Fetching;

/// <summary>
/// A tier that several instances share, between the local store and the origin: asked for a slice that is not stored here, and given slices
/// that came from the origin. Its place is below the collapser, so that N clients ask once, and above the origin gate, where generation and
/// slice index are known. Implementations are thread-safe.
/// </summary>
/// <remarks>
/// What names a slice in a tier is <see cref="Generation.Key"/>, <see cref="Generation.Selecting"/>, the validator of the response, the
/// size of the grid's slices and the index: all of them. <see cref="Generation.Id"/> means nothing in another process. A version without a
/// strong validator never comes here (B25): nothing would tell its slices from those of the next version.
/// </remarks>
public interface ISharedTier
{
    /// <summary>Reads one whole slice.</summary>
    /// <param name="generation">The version of the object that the slice must be of.</param>
    /// <param name="sliceIndex">The slice.</param>
    /// <param name="destination">As long as the slice; of no meaning unless the result is true.</param>
    /// <param name="ct">Ends the wait when the process stops. The tier has a deadline of its own.</param>
    /// <returns>
    /// True when the destination holds the slice, checked against damage. False for a miss, and for a tier that is down or slow: a failing
    /// tier costs its deadline and never an error.
    /// </returns>
    ValueTask<bool> TryReadAsync(Generation generation, int sliceIndex, Memory<byte> destination, CancellationToken ct);

    /// <summary>
    /// Offers a slice that the origin has just given and that is stored here. Never waits and never fails: what cannot be written at once
    /// may be dropped. The tier takes a lease (<see cref="Generation.TryLease"/>) for as long as it reads the slice.
    /// </summary>
    void Offer(Generation generation, int sliceIndex);
}
