using Slice.Core.Observability;

namespace Slice.Core.SharedCache;

/// <summary>
/// Reads values of a shared store: so many slices and so many beginnings at once at most, as each is in memory until it is written here.
/// Thread-safe.
/// </summary>
/// <param name="access">The store.</param>
/// <param name="envelope">The envelopes.</param>
/// <param name="meter">The figures.</param>
/// <param name="time">The clock.</param>
internal sealed class TierReader(TierAccess access, TierEnvelope envelope, TierMeter meter, TimeProvider time) : IDisposable
{
    // 64 MiB with slices of 1 MiB, and more than fills 10 Gbit/s. Arbitrary.
    private const int MostSlices = 64;

    // 16 MiB. Arbitrary; whoever gets no place for one reads the slice whole.
    private const int MostBeginnings = 256;

    // The beginning is read once more with the rest: a quarter of the slice at most. Arbitrary.
    private const int LeastBeginnings = 4;

    private readonly SemaphoreSlim _slices = new(MostSlices);

    // Apart: who has a beginning waits for a place for the rest.
    private readonly SemaphoreSlim _beginnings = new(MostBeginnings);

    /// <summary>Whether the store gives what it has.</summary>
    public TierRefusals Refusals { get; } = new(time);

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

        return await InPlaceAsync(_slices, ReadNowAsync(label, lengthBytes, ct));
    }

    /// <summary>
    /// Reads the beginning of a slice where the store gives that without the rest, and the rest is long; else all of it. The caller
    /// disposes it.
    /// </summary>
    /// <param name="label">What it must be.</param>
    /// <param name="lengthBytes">Bytes of the slice.</param>
    /// <param name="ct">The caller's.</param>
    public async ValueTask<TierRead> ReadBeginningAsync(TierLabel label, int lengthBytes, CancellationToken ct)
    {
        bool isWorthIt = lengthBytes >= LeastBeginnings * envelope.BeginningBytes;
        if (!isWorthIt || !access.Store.GivesBeginnings || !await _beginnings.WaitAsync(TimeSpan.Zero, ct))
        {
            return await ReadAsync(label, lengthBytes, ct);
        }

        var read = await InPlaceAsync(_beginnings, ReadBeginningNowAsync(label, lengthBytes, ct));

        // The store has learned that it may not: the rights of a user of Redis, for example, are older than beginnings.
        return read.Outcome == TierOutcome.Failed && !access.Store.GivesBeginnings ? await ReadAsync(label, lengthBytes, ct) : read;
    }

    /// <summary>
    /// Reads what comes behind the beginning of a slice. The whole value comes once more, in memory of the store, and must begin in the
    /// same way: the beginning was sent already. The caller disposes it.
    /// </summary>
    /// <param name="label">What it must be.</param>
    /// <param name="lengthBytes">Bytes of the slice.</param>
    /// <param name="beginning">The beginning.</param>
    /// <param name="ct">The caller's.</param>
    public async ValueTask<TierRead> ReadRestAsync(
        TierLabel label, int lengthBytes, ReadOnlyMemory<byte> beginning, CancellationToken ct)
    {
        var whole = await ReadAsync(label, lengthBytes, ct);
        if (whole.IsFound && !whole.Payload.Span.StartsWith(beginning.Span))
        {
            whole.Dispose();
            return new TierRead(whole.Outcome, null, default, default, IsDamaged: true);
        }

        return whole.IsFound ? whole with { Payload = whole.Payload[beginning.Length..] } : whole;
    }

    /// <summary>Ends it, once nobody reads any more and every value is disposed.</summary>
    public void Dispose()
    {
        _slices.Dispose();
        _beginnings.Dispose();
    }

    // The caller has the place, which goes with the memory of the value.
    private static async ValueTask<TierRead> InPlaceAsync(SemaphoreSlim places, ValueTask<TierRead> reading)
    {
        TierRead? read = null;
        try
        {
            read = await reading;
            return read.Value is { } value
                ? read with { Value = new LeasedValue(value.Bytes, value.Remaining, new Place(places, value)) }
                : read;
        }
        finally
        {
            if (read?.Value is null)
            {
                places.Release();
            }
        }
    }

    private async ValueTask<TierRead> ReadBeginningNowAsync(TierLabel label, int lengthBytes, CancellationToken ct)
    {
        int wantedBytes = TierEnvelope.HeaderBytes + envelope.BeginningBytes;
        var (outcome, value) = await access.RunAsync(
            token => access.Store.GetBeginningAsync(label.Name, wantedBytes, token), wantedBytes, ct, lengthBytes, Refusals);
        if (value is null)
        {
            return new TierRead(outcome, null, default, default, IsDamaged: false);
        }

        bool isOpen = envelope.TryOpenBeginning(value.Bytes, label, out var beginning, out int completeBytes, out var lifetime)
            && completeBytes == lengthBytes;
        return Opened(outcome, value, isOpen, beginning, lifetime);
    }

    private async ValueTask<TierRead> ReadNowAsync(TierLabel label, int lengthBytes, CancellationToken ct)
    {
        var (outcome, value) = await access.RunAsync(
            token => label.Kind == TierValueKind.Slice
                ? access.Store.GetAsync(label.Name, token)
                : access.Store.GetShortAsync(label.Name, isSure: false, token),
            lengthBytes,
            ct,
            refusals: Refusals);
        if (value is null)
        {
            return new TierRead(outcome, null, default, default, IsDamaged: false);
        }

        bool isOpen = envelope.TryOpen(value.Bytes, label, out var payload, out var lifetime)
            && (label.Kind != TierValueKind.Slice || payload.Length == lengthBytes);
        return Opened(outcome, value, isOpen, payload, lifetime);
    }

    private TierRead Opened(TierOutcome outcome, LeasedValue value, bool isOpen, ReadOnlyMemory<byte> payload, TimeSpan lifetime)
    {
        if (!isOpen)
        {
            value.Dispose();
            return new TierRead(outcome, null, default, default, IsDamaged: true);
        }

        meter.AddBytesRead(value.Bytes.Length);
        return new TierRead(outcome, value, payload, lifetime - value.Remaining, IsDamaged: false);
    }

    private sealed class Place(SemaphoreSlim places, LeasedValue value) : IDisposable
    {
        public void Dispose()
        {
            value.Dispose();
            places.Release();
        }
    }
}
