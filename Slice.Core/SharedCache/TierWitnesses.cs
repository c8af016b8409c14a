using Slice.Core.Objects.Journal;

namespace Slice.Core.SharedCache;

/// <summary>
/// Values whose only use is to be there: where a store is several servers, and one of them has lost what it had, the counters of the news
/// may be on another one and say nothing of that. Then objects are gone that others have cached, and whoever fetches one anew does not see
/// that it has changed. Used by one caller at a time.
/// </summary>
/// <param name="values">The store.</param>
/// <param name="names">The keys.</param>
/// <param name="time">The clock.</param>
/// <param name="interval">Shortest time between two looks.</param>
internal sealed class TierWitnesses(TierValues values, TierNames names, TimeProvider time, TimeSpan interval)
{
    // Of three servers one has none of them once in 400,000 times; of ten, once in 30. Arbitrary: each costs a small read now and then.
    private const int Count = 32;

    private readonly Guid?[] _seen = new Guid?[Count];
    private readonly Guid?[] _found = new Guid?[Count];
    private long? _lookedAt;

    /// <summary>
    /// Looks for all of them, and puts there what is missing. False when one that was there is gone, or another one is in its place; once
    /// that is acted on, <see cref="Accept"/>. What a server that does not answer has is not known, and no loss.
    /// </summary>
    public async ValueTask<bool> AreThereAsync(CancellationToken ct)
    {
        if (_lookedAt is { } looked && time.GetElapsedTime(looked) < interval)
        {
            return true;
        }

        await LookAsync(ct);
        _lookedAt = time.GetTimestamp();
        if (!Enumerable.Range(0, Count).All(index => _seen[index] is null || _found[index] is null || _seen[index] == _found[index]))
        {
            _lookedAt = null;
            return false;
        }

        Accept();
        return true;
    }

    /// <summary>Looks for all of them now, and puts there what is missing: for <see cref="Accept"/>.</summary>
    public async ValueTask LookAsync(CancellationToken ct) =>
        await Task.WhenAll(Enumerable.Range(0, Count).Select(index => LookAsync(index, ct)));

    /// <summary>What was found is what is to be there from now on.</summary>
    public void Accept()
    {
        for (int index = 0; index < Count; index++)
        {
            _seen[index] = _found[index] ?? _seen[index];
        }
    }

    private async Task LookAsync(int index, CancellationToken ct)
    {
        var label = new TierLabel(TierValueKind.Witness, names.WitnessAt(index));
        var (isKnown, bytes) = await values.GetAsync(label, ct);
        var found = bytes is null ? null : Read(bytes);
        if (isKnown && found is null)
        {
            // One of several instances puts it there, and the others find that one the next time.
            var id = Guid.NewGuid();
            var records = new RecordBuffer();
            records.Bytes(id.ToByteArray());
            found = await values.TryAddAsync(label, records, IKeyValueStore.LongestLifetime, ct) ? id
                : await values.GetAsync(label, ct) is (_, { } others) ? Read(others)
                : null;
        }

        _found[index] = found;
    }

    private static Guid? Read(byte[] bytes)
    {
        try
        {
            var reader = new RecordReader(bytes);
            return TierNewsRecords.ReadId(ref reader);
        }
        catch (InvalidDataException)
        {
            // By a program that writes otherwise under the same version of the envelope.
            return null;
        }
    }
}
