using Slice.Core.Objects;
using Slice.Core.Objects.Journal;

namespace Slice.Core.SharedCache;

/// <summary>
/// Which version of an object was the first to be written to a shared store since something was last known to have happened to the object.
/// Two instances that fetch an object at the same time, with a change at the origin in between, have seen nothing change; the second of
/// them finds the claim of the first. Thread-safe.
/// </summary>
/// <param name="values">The store.</param>
/// <param name="names">The keys.</param>
internal sealed class TierClaims(TierValues values, TierNames names)
{
    /// <summary>Claims the place of an object for a generation. False when another version has it.</summary>
    /// <param name="generation">The generation.</param>
    /// <param name="mark">What the tier had seen when the generation was asked for.</param>
    /// <param name="body">All of its bytes where they go with the head; else null.</param>
    /// <param name="lifetime">How long the claim is kept: as long as the head.</param>
    /// <param name="ct">Ends it.</param>
    public async ValueTask<bool> TryClaimAsync(
        Generation generation, TierMark mark, byte[]? body, TimeSpan lifetime, CancellationToken ct)
    {
        var version = TierNames.SureContentOf(generation);
        if (version == default)
        {
            version = TierVersion.Of(body);
        }

        var records = new RecordBuffer();
        byte[] bytes = new byte[TierVersion.SizeBytes];
        version.Write(bytes);
        records.Bytes(bytes);
        var label = new TierLabel(TierValueKind.Claim, names.ClaimOf(generation, mark));
        if (await values.TryAddAsync(label, records, lifetime, ct))
        {
            return true;
        }

        // Not known is as good as nobody's: what cannot be claimed can hardly be written either.
        return await values.GetAsync(label, ct) is not (_, { } claimed) || claimed.AsSpan().SequenceEqual(records.Written);
    }
}
