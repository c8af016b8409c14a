using Slice.Core.Objects.Journal;
using Slice.Core.Observability;

namespace Slice.Core.SharedCache;

/// <summary>Small values of a shared store, in their envelopes. Thread-safe.</summary>
/// <param name="access">The store.</param>
/// <param name="envelope">The envelopes.</param>
/// <param name="meter">The figures.</param>
internal sealed class TierValues(TierAccess access, TierEnvelope envelope, TierMeter meter)
{
    /// <summary>Puts records under a key, also while the store is down; false when the store does not take them.</summary>
    public async ValueTask<bool> SetAsync(TierLabel label, RecordBuffer records, TimeSpan lifetime, CancellationToken ct)
    {
        byte[] value = Seal(label, records, lifetime);
        var (outcome, _) = await access.ProbeAsync(
            async token =>
            {
                await access.Store.SetAsync(label.Name, value, lifetime, token);
                return true;
            },
            ct);
        return outcome == TierOutcome.Done;
    }

    /// <summary>Puts records under a key that has none, in the same way.</summary>
    public async ValueTask<bool> TryAddAsync(TierLabel label, RecordBuffer records, TimeSpan lifetime, CancellationToken ct)
    {
        byte[] value = Seal(label, records, lifetime);
        return await access.ProbeAsync(token => access.Store.TryAddAsync(label.Name, value, lifetime, token), ct)
            is (TierOutcome.Done, true);
    }

    /// <summary>
    /// Reads the records under a key, also while the store is down; null when there are none of ours, with false when the store does not
    /// say.
    /// </summary>
    public async ValueTask<(bool IsKnown, byte[]? Records)> GetAsync(TierLabel label, CancellationToken ct)
    {
        var (outcome, value) = await access.ProbeAsync(token => access.Store.GetShortAsync(label.Name, isSure: true, token), ct);
        using (value)
        {
            if (value is null)
            {
                return (outcome == TierOutcome.Done, null);
            }

            if (!envelope.TryOpen(value.Bytes, label, out var payload, out _))
            {
                meter.Reads.Add("damaged");
                return (true, null);
            }

            return (true, payload.ToArray());
        }
    }

    /// <summary>Takes a value away, as far as the store does that.</summary>
    public async ValueTask RemoveAsync(string name, CancellationToken ct) => await access.ProbeAsync(
        async token =>
        {
            await access.Store.RemoveAsync(name, token);
            return true;
        },
        ct);

    private byte[] Seal(in TierLabel label, RecordBuffer records, TimeSpan lifetime)
    {
        byte[] value = new byte[TierEnvelope.HeaderBytes + records.Length];
        records.Written.CopyTo(value.AsSpan(TierEnvelope.HeaderBytes));
        envelope.Seal(value, label, lifetime);
        return value;
    }
}
