using System.Buffers;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Storage;

namespace Slice.Core.SharedCache;

/// <summary>Makes the values that a shared store is given. Thread-safe.</summary>
/// <param name="envelope">The envelopes.</param>
/// <param name="names">The keys.</param>
/// <param name="purges">The purges of many objects.</param>
/// <param name="reader">Reads what is there of an object with variants.</param>
/// <param name="claims">Which versions were written first.</param>
/// <param name="stale">How long what is no longer fresh is of use, where it does not say.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Cancelled at the end of the process.</param>
internal sealed class TierComposer(
    TierEnvelope envelope, TierNames names, TierPurges purges, TierReader reader, TierClaims claims, StaleDefaults stale,
    TimeProvider time, CancellationToken stopping)
{
    /// <summary>
    /// A body of at most so many bytes, and of one slice, is in one value with its head: one round trip for small objects. Arbitrary.
    /// </summary>
    public const int MostBodyBytes = 64 << 10;

    /// <summary>
    /// Called with a head that is not written, as another instance has written another version: one of the two is older, and nobody knows
    /// which. Must not wait.
    /// </summary>
    public Action<Generation>? Contradicted { get; init; }

    /// <summary>Whether a body goes with its head: one round trip is enough for it.</summary>
    public static bool FitsHead(Generation generation) =>
        generation.CompleteLength <= Math.Min(MostBodyBytes, generation.Grid.SliceSizeBytes);

    /// <summary>What a slice is called.</summary>
    public TierLabel LabelOf(Generation generation, int sliceIndex)
    {
        var version = names.VersionOf(
            generation.Key,
            generation.Selecting,
            generation.Response,
            generation.Grid,
            generation.TierMark?.Removals ?? 0,
            LastPurgeOf(generation));
        return names.SliceLabelOf(version, generation.Grid, sliceIndex, generation.CompleteLength);
    }

    /// <summary>The head of an object, with its body where that is short; null when it is of no use to others any more.</summary>
    public async ValueTask<TierValue?> ComposeHeadAsync(Generation generation)
    {
        if (generation is not { IsRetired: false, IsUntold: false, TierMark: { } mark }
            || LifetimeOf(generation.Response) is not { } lifetime)
        {
            return null;
        }

        byte[]? body = FitsHead(generation) ? TryReadBody(generation) : null;
        if (FitsHead(generation) && body is null)
        {
            return null;
        }

        if (!await IsClaimedAsync(generation, mark, body, lifetime))
        {
            Contradicted?.Invoke(generation);
            return null;
        }

        bool isWhole = generation.IsWhole && body is not null;
        List<TierObject> variants =
        [
            new(generation.Grid, generation.Selecting, isWhole, generation.Response, body, LastPurgeOf(generation)),
        ];
        var label = new TierLabel(TierValueKind.Object, names.ObjectOf(generation.Key.Bytes));
        if (generation.Selecting is { } selecting)
        {
            variants.AddRange(await ReadOthersAsync(label, mark, selecting));
        }

        var records = new RecordBuffer();
        TierRecords.Write(records, mark, variants, Instant.Now(time));
        return Seal(label, records.Written, lifetime);
    }

    private long LastPurgeOf(Generation generation) =>
        generation.TierPurge
        ?? generation.FixTierPurge(
            purges.LastFor(generation.Key.Bytes, generation.Response.Tags, generation.TierMark?.Purges ?? 0));

    private async ValueTask<bool> IsClaimedAsync(Generation generation, TierMark mark, byte[]? body, TimeSpan lifetime)
    {
        try
        {
            return await claims.TryClaimAsync(generation, mark, body, lifetime, stopping);
        }
        catch (OperationCanceledException)
        {
            // The process is stopping, and nothing is written either.
            return true;
        }
    }

    // The other variants that are there already. Thread A reads them; instance B writes one of its own; A writes over it: that one is
    // missed, and fetched once more.
    private async ValueTask<IEnumerable<TierObject>> ReadOthersAsync(TierLabel label, TierMark mark, SelectingFields selecting)
    {
        try
        {
            using var read = await reader.ReadAsync(label, 0, stopping);
            if (!read.IsFound)
            {
                return [];
            }

            var known = TierRecords.Read(read.Payload.Span, read.Resided, Instant.Now(time), out var asked);
            return asked != mark
                ? []
                : known.Where(other => other.Selecting is { } its && its.HasSameNames(selecting) && !its.Equals(selecting))
                    .Take(TierRecords.MaxVariants - 1);
        }
        catch (Exception gone) when (gone is InvalidDataException or OperationCanceledException)
        {
            return [];
        }
    }

    /// <summary>A slice that is stored here; null when it is gone.</summary>
    public TierValue? ComposeSlice(Generation generation, int sliceIndex)
    {
        if (generation is not { IsRetired: false, TierMark: not null }
            || LifetimeOf(generation.Response) is not { } lifetime
            || !generation.TryLease(sliceIndex, out var slice))
        {
            return null;
        }

        // A validation gives the head another lifetime, and the slices none: they live twice as long.
        var twice = lifetime * 2 < IKeyValueStore.LongestLifetime ? lifetime * 2 : IKeyValueStore.LongestLifetime;
        int lengthBytes = TierEnvelope.HeaderBytes + slice.LengthBytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(lengthBytes);
        bool isRead = TryRead(slice, buffer.AsSpan(TierEnvelope.HeaderBytes, slice.LengthBytes));
        slice.Release();
        if (!isRead)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return null;
        }

        var label = LabelOf(generation, sliceIndex);
        envelope.Seal(buffer.AsSpan(0, lengthBytes), label, twice);
        return new TierValue(label.Name, buffer, lengthBytes, twice);
    }

    private TierValue Seal(in TierLabel label, ReadOnlySpan<byte> records, TimeSpan lifetime)
    {
        int lengthBytes = TierEnvelope.HeaderBytes + records.Length;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(lengthBytes);
        records.CopyTo(buffer.AsSpan(TierEnvelope.HeaderBytes));
        envelope.Seal(buffer.AsSpan(0, lengthBytes), label, lifetime);
        return new TierValue(label.Name, buffer, lengthBytes, lifetime);
    }

    private static byte[]? TryReadBody(Generation generation)
    {
        if (generation.CompleteLength == 0)
        {
            return [];
        }

        if (!generation.TryLease(0, out var slice))
        {
            return null;
        }

        byte[] body = new byte[slice.LengthBytes];
        bool isRead = TryRead(slice, body);
        slice.Release();
        return isRead ? body : null;
    }

    // A disk that does not give a slice back is told to the client who wants it; here the slice is not there.
    private static bool TryRead(StoredSlice slice, Span<byte> destination)
    {
        try
        {
            return slice.Read(destination, 0) == destination.Length;
        }
        catch (IOException)
        {
            return false;
        }
    }

    // As long as the object is fresh, and may be of use afterwards; null for no time at all.
    private TimeSpan? LifetimeOf(StoredResponse response)
    {
        var fresh = response.Freshness.Lifetime - response.Freshness.AgeAt(Instant.Now(time));
        var revalidating = response.Stale.WhileRevalidating ?? stale.WhileRevalidating;
        var onError = response.Stale.IfError ?? stale.IfError;
        var useful = fresh + (revalidating > onError ? revalidating : onError);
        return useful < TimeSpan.FromSeconds(1) ? null
            : useful > IKeyValueStore.LongestLifetime ? IKeyValueStore.LongestLifetime
            : useful;
    }
}
