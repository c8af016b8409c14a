using Slice.Core.Caching;
using Slice.Core.Objects;

namespace Slice.Core.Fetching;

/// <summary>
/// A tier that several instances share, between the local store and the origin. Its place is below the collapser, so that N clients ask
/// once, and above the origin gate, where generation and slice index are known. Implementations are thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// What names a slice in a tier is <see cref="Generation.Key"/>, <see cref="Generation.Selecting"/>, the validator of the response, the
/// size of the grid's slices, the removals that the generation's mark has seen, and the index: all of them. <see cref="Generation.Id"/>
/// means nothing in another process. A version without a strong validator comes here as a whole or not at all (B25): nothing would tell its
/// slices from those of the next version.
/// </para>
/// <para>
/// A tier that is down or slow has nothing: it costs its deadline and never an error. Waits end when <c>ct</c> is cancelled, with
/// <see cref="OperationCanceledException"/>.
/// </para>
/// </remarks>
public interface ISharedTier
{
    /// <summary>Whether it is asked at present.</summary>
    bool IsUp { get; }

    /// <summary>
    /// Looks for an object, or takes the turn to ask the origin for it: of several instances that miss an object at once one gets the turn,
    /// and the others wait for a while for what it brings.
    /// </summary>
    /// <returns>Null when the tier cannot be asked now, and nothing is to be given to it either.</returns>
    ValueTask<TierObjects?> FindAsync(CacheKey key, CancellationToken ct);

    /// <summary>Looks for one whole slice. The caller disposes it.</summary>
    /// <param name="generation">The generation.</param>
    /// <param name="sliceIndex">The slice.</param>
    /// <param name="isNext">Whether a client waits for its first byte, so that the beginning may come ahead of the rest.</param>
    /// <param name="ct">Ends the wait, also that for the rest.</param>
    ValueTask<TierSlice> ReadAsync(Generation generation, int sliceIndex, bool isNext, CancellationToken ct);

    /// <summary>
    /// Takes the turn to ask the origin for a slice that the tier does not have, or waits for whoever has the turn, in the same way.
    /// </summary>
    ValueTask<TierSlice> FollowAsync(Generation generation, int sliceIndex, CancellationToken ct);

    /// <summary>
    /// Offers the head of a generation that was published or validated here, and that has a mark. Never waits and never fails: what cannot
    /// be written soon is dropped.
    /// </summary>
    /// <param name="generation">The generation.</param>
    /// <param name="turn">Ends when the head is written; null for none.</param>
    void Offer(Generation generation, TierTurn? turn);

    /// <summary>
    /// Offers a slice that the origin has just given and that is stored here, in the same way. The tier takes a lease
    /// (<see cref="Generation.TryLease"/>) for as long as it reads the slice.
    /// </summary>
    /// <param name="generation">The generation.</param>
    /// <param name="sliceIndex">The slice.</param>
    /// <param name="isWithHead">
    /// Whether the head is to be written behind the slice: whoever finds an object that has just been learned finds the slice, too, which
    /// came with the head.
    /// </param>
    /// <param name="turn">Ends when all of it is written; null for none.</param>
    void Offer(Generation generation, int sliceIndex, bool isWithHead, TierTurn? turn);

    /// <summary>
    /// Offers slices that are stored here of an object that may go to the tier only now, in the same way: the first ones of many.
    /// </summary>
    void OfferStored(Generation generation);

    /// <summary>
    /// Another version has taken the place of what was stored under a key, or the origin has said that it is not the object any more.
    /// Never waits: the other instances hear of it.
    /// </summary>
    /// <param name="old">The generation that it was.</param>
    /// <param name="successor">What has its place, when that was asked for with the mark that it has; null when nothing has.</param>
    void Changed(Generation old, Generation? successor);

    /// <summary>
    /// A generation was learned of from the origin when the tier could not be asked: others may have older ones, which nobody has seen
    /// replaced. Never waits: the other instances hear of it.
    /// </summary>
    void LearnedAlone(Generation generation);

    /// <summary>What is stored under a key is invalid (RFC 9111 §4.4). Never waits: the other instances hear of it.</summary>
    void Removed(ReadOnlySpan<byte> key);
}
