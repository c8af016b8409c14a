using Slice.Core.Observability;

namespace Slice.Core.SharedCache;

/// <summary>Reads values of a shared store. Thread-safe.</summary>
/// <param name="access">The store.</param>
/// <param name="envelope">The envelopes.</param>
/// <param name="meter">The figures.</param>
internal sealed class TierReader(TierAccess access, TierEnvelope envelope, TierMeter meter)
{
    /// <summary>Reads one value, and takes it out of its envelope. The caller disposes it.</summary>
    /// <param name="label">What it must be.</param>
    /// <param name="lengthBytes">Bytes of a slice; 0 for another kind, which is small.</param>
    /// <param name="ct">The caller's.</param>
    public async ValueTask<TierRead> ReadAsync(TierLabel label, int lengthBytes, CancellationToken ct)
    {
        var (outcome, value) = await access.RunAsync(token => access.Store.GetAsync(label.Name, token), lengthBytes, ct);
        if (value is null)
        {
            return new TierRead(outcome, null, default, default, IsDamaged: false);
        }

        if (!envelope.TryOpen(value.Bytes, label, out var payload, out var lifetime)
            || (label.Kind == TierValueKind.Slice && payload.Length != lengthBytes))
        {
            value.Dispose();
            return new TierRead(outcome, null, default, default, IsDamaged: true);
        }

        meter.AddBytesRead(value.Bytes.Length);
        return new TierRead(outcome, value, payload, lifetime - value.Remaining, IsDamaged: false);
    }
}
