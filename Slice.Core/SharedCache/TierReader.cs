using Slice.Core.Observability;

namespace Slice.Core.SharedCache;

/// <summary>
/// Reads values of a shared store: so many slices at once at most, as each is in memory until it is written here. Thread-safe.
/// </summary>
/// <param name="access">The store.</param>
/// <param name="envelope">The envelopes.</param>
/// <param name="meter">The figures.</param>
internal sealed class TierReader(TierAccess access, TierEnvelope envelope, TierMeter meter) : IDisposable
{
    // 64 MiB with slices of 1 MiB, and more than fills 10 Gbit/s. Arbitrary.
    private const int MostSlices = 64;

    private readonly SemaphoreSlim _slices = new(MostSlices);

    /// <summary>Reads one value, and takes it out of its envelope. The caller disposes it.</summary>
    /// <param name="label">What it must be.</param>
    /// <param name="lengthBytes">Bytes of a slice; 0 for another kind, which is small.</param>
    /// <param name="ct">The caller's.</param>
    public async ValueTask<TierRead> ReadAsync(TierLabel label, int lengthBytes, CancellationToken ct)
    {
        if (label.Kind != TierValueKind.Slice)
        {
            return await ReadNowAsync(label, lengthBytes, ct);
        }

        // Who does not get a place in time asks the origin, as with a store that is slow.
        if (!await _slices.WaitAsync(access.Timeout, ct))
        {
            return new TierRead(TierOutcome.Busy, null, default, default, IsDamaged: false);
        }

        TierRead? read = null;
        try
        {
            read = await ReadNowAsync(label, lengthBytes, ct);
            return read.Value is { } value
                ? read with { Value = new LeasedValue(value.Bytes, value.Remaining, new Place(this, value)) }
                : read;
        }
        finally
        {
            if (read?.Value is null)
            {
                _slices.Release();
            }
        }
    }

    /// <summary>Ends it, once nobody reads any more and every value is disposed.</summary>
    public void Dispose() => _slices.Dispose();

    private async ValueTask<TierRead> ReadNowAsync(TierLabel label, int lengthBytes, CancellationToken ct)
    {
        var (outcome, value) = await access.RunAsync(
            token => label.Kind == TierValueKind.Slice
                ? access.Store.GetAsync(label.Name, token)
                : access.Store.GetShortAsync(label.Name, isSure: false, token),
            lengthBytes,
            ct);
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

    // The place goes with the memory.
    private sealed class Place(TierReader reader, LeasedValue value) : IDisposable
    {
        public void Dispose()
        {
            value.Dispose();
            reader._slices.Release();
        }
    }
}
