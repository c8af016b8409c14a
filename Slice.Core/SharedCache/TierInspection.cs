using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Options;

namespace Slice.Core.SharedCache;

/// <summary>
/// What a shared store holds for the instances of one realm, read as they read it and without changing a value: nothing is told, counted or
/// claimed, and no instance sees that somebody looks. Not thread-safe.
/// </summary>
public sealed class TierInspection : IDisposable
{
    /// <summary>
    /// How long the store may take to say who it is and who uses it, and afterwards for each value. For people who wait: behind sentinels
    /// the first connection takes 7 to 9 s.
    /// </summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    /// <summary>Most slices of a variant that are looked for: each is read. Arbitrary, 256 MiB in slices of 1 MiB.</summary>
    public const int MostSlices = 256;

    private const int SlicesAtOnce = 4;
    private const int PurgesAtOnce = 64;

    private readonly IKeyValueStore _store;
    private readonly TimeProvider _time;
    private readonly TierAccess _access;
    private readonly TierNames _names;
    private readonly TierValues _values;
    private readonly TierReader _reader;
    private readonly TierMembers _members;

    /// <summary>An inspection of a store, which stays its caller's.</summary>
    /// <param name="store">The store.</param>
    /// <param name="options">What the operator says of it.</param>
    /// <param name="realm">What instances must have in common, as for <see cref="SharedTier"/>.</param>
    /// <param name="time">The clock.</param>
    public TierInspection(IKeyValueStore store, SharedCacheOptions options, string realm, TimeProvider time)
    {
        (_store, _time) = (store, time);
        var (envelope, meter) = (new TierEnvelope(options.MacKey, options.BeginningBytes), new TierMeter());
        _access = new TierAccess(store, Deadline, time);
        _access.Open();
        _names = new TierNames(options.Prefix, realm);
        _values = new TierValues(_access, envelope, meter);
        _reader = new TierReader(_access, envelope, meter, time);
        _members = new TierMembers(_values, _names, "", time);
    }

    /// <summary>Reads what there is in all: within <see cref="Deadline"/>, or that is the problem.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async Task<InspectedTier> ReadAsync(CancellationToken ct)
    {
        var known = new InspectedTier { Store = _store.Name, Realm = _names.Realm };
        using var limit = new CancellationTokenSource(Deadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            return known with
            {
                News = await _store.ReadCounterAsync(_names.News, either.Token),
                Purges = await _store.ReadCounterAsync(_names.Purges, either.Token),
                Members = [.. (await _members.ReadAllAsync(either.Token)).OrderBy(static member => member.Name, StringComparer.Ordinal)],
                Description = await DescribeAsync(either.Token),
            };
        }
        catch (KeyValueStoreException error)
        {
            return known with { Problem = error.Message };
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return known with { Problem = $"no answer within {DurationText.Format(Deadline)}" };
        }
    }

    /// <summary>Looks for one object as an instance does, and for its slices.</summary>
    /// <param name="key">Its cache key.</param>
    /// <param name="ct">Ends the look.</param>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async Task<InspectedTierObject> FindAsync(CacheKey key, CancellationToken ct)
    {
        long? removals = await CountAsync(_names.RemovalsOf(key.Bytes), ct);
        long? doubts = await CountAsync(_names.DoubtsOf(key.Bytes), ct);
        var purges = await ReadPurgesAsync(ct);
        using var read = await _reader.ReadAsync(new TierLabel(TierValueKind.Object, _names.ObjectOf(key.Bytes)), 0, ct);
        if (removals is null || doubts is null || purges is null || read.Outcome != TierOutcome.Done)
        {
            return new InspectedTierObject(TierObjectState.Unknown, _access.LastError ?? "the store does not say", []);
        }

        if (!read.IsFound)
        {
            return new InspectedTierObject(read.IsDamaged ? TierObjectState.Damaged : TierObjectState.Absent, null, []);
        }

        try
        {
            var resided = read.Resided > TimeSpan.Zero ? read.Resided : TimeSpan.Zero;
            var objects = TierRecords.Read(read.Payload.Span, resided, Instant.Now(_time), out var asked);
            string? reason = asked.Removals != removals ? "it was removed since"
                : asked.Doubts != doubts ? "it was changed, or purged softly, since"
                : objects.Exists(found => purges.IsOutdated(key.Bytes, found.Response.Tags, asked.Purges)) ? "it was purged since"
                : null;
            var variants = new List<InspectedTierVariant>();
            foreach (var found in objects)
            {
                variants.Add(await InspectAsync(key, found, asked, ct));
            }

            return new InspectedTierObject(reason is null ? TierObjectState.Valid : TierObjectState.Outdated, reason, variants);
        }
        catch (InvalidDataException)
        {
            return new InspectedTierObject(TierObjectState.Damaged, null, []);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    // A user of the store with few rights may use it, and not ask about it.
    private async ValueTask<string?> DescribeAsync(CancellationToken ct)
    {
        try
        {
            return await _store.DescribeAsync(ct);
        }
        catch (KeyValueStoreException)
        {
            return null;
        }
    }

    private async ValueTask<InspectedTierVariant> InspectAsync(
        CacheKey key, TierObject found, TierMark asked, CancellationToken ct)
    {
        var (response, grid) = (found.Response, found.Grid);
        var age = response.Freshness.AgeAt(Instant.Now(_time));
        int slices = grid.CountFor(response.CompleteLength);
        var variant = new InspectedTierVariant(found, age, response.Freshness.Lifetime - age, slices, slices, slices);
        if (found.Body is not null)
        {
            return variant;
        }

        var version = _names.VersionOf(key, found.Selecting, response, grid, asked.Removals, found.LastPurge);
        int lookedAt = Math.Min(slices, MostSlices);
        int there = 0;
        foreach (int[] some in Enumerable.Range(0, lookedAt).Select(number => (int)((long)number * slices / lookedAt)).Chunk(SlicesAtOnce))
        {
            bool[] have = await Task.WhenAll(some.Select(index => HasAsync(version, found, index, ct)));
            there += have.Count(static one => one);
        }

        return variant with { LookedAt = lookedAt, There = there };
    }

    // A store has no other way to say that a value is there, and only its bytes say that it is intact.
    private async Task<bool> HasAsync(TierVersion version, TierObject found, int sliceIndex, CancellationToken ct)
    {
        long completeLength = found.Response.CompleteLength;
        int lengthBytes = (int)found.Grid.RangeOf(sliceIndex, completeLength).Length;
        using var read = await _reader.ReadAsync(_names.SliceLabelOf(version, found.Grid, sliceIndex, completeLength), lengthBytes, ct);
        return read.IsFound;
    }

    // As an instance does at its start; null when the store does not say.
    private async ValueTask<TierPurges?> ReadPurgesAsync(CancellationToken ct)
    {
        if (await CountAsync(_names.Purges, ct) is not { } last)
        {
            return null;
        }

        var purges = new TierPurges();
        purges.Forget(Math.Max(0, last - TierPurges.MaxPurges));
        for (long number = Math.Max(0, last - TierPurges.MaxPurges) + 1; number <= last; number += PurgesAtOnce)
        {
            long first = number;
            int count = (int)Math.Min(PurgesAtOnce, last - first + 1);
            var known = await Task.WhenAll(Enumerable.Range(0, count).Select(index => _values.GetAsync(
                new TierLabel(TierValueKind.Purge, _names.PurgeAt(first + index)), ct).AsTask()));
            if (Array.Exists(known, static read => !read.IsKnown))
            {
                return null;
            }

            for (int index = 0; index < count; index++)
            {
                Note(purges, first + index, known[index].Records);
            }
        }

        return purges;
    }

    private void Note(TierPurges purges, long number, byte[]? records)
    {
        try
        {
            if (records is not null)
            {
                purges.Add(number, TierNewsRecords.ReadPurge(records, Instant.Now(_time)).Purge);
                return;
            }
        }
        catch (InvalidDataException)
        {
            // By a program that writes otherwise: instances do not know what it says either.
        }

        purges.Forget(number);
    }

    private async ValueTask<long?> CountAsync(string counter, CancellationToken ct)
    {
        var (outcome, number) = await _access.RunAsync(token => _store.ReadCounterAsync(counter, token), 0, ct);
        return outcome == TierOutcome.Done ? number : null;
    }
}
