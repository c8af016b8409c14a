namespace Slice.Core.SharedCache;

/// <summary>What came of reading one value. The caller disposes it.</summary>
/// <param name="Outcome">What the store did.</param>
/// <param name="Value">The value in its envelope; null for none.</param>
/// <param name="Payload">What is in it.</param>
/// <param name="Resided">How long it was in the store, by the store's clock.</param>
/// <param name="IsDamaged">Whether there was a value that is not the one that was asked for, as it was written.</param>
internal sealed record TierRead(TierOutcome Outcome, LeasedValue? Value, ReadOnlyMemory<byte> Payload, TimeSpan Resided, bool IsDamaged)
    : IDisposable
{
    /// <summary>Whether there is a value.</summary>
    public bool IsFound => Value is not null;

    /// <summary>The word for it in <see cref="Observability.TierMeter.Reads"/>.</summary>
    public string Word => IsFound ? "hit" : IsDamaged ? "damaged" : WordOf(Outcome);

    /// <summary>The word there for a read that has found nothing.</summary>
    public static string WordOf(TierOutcome outcome) => outcome switch
    {
        TierOutcome.TimedOut => "timeout",
        TierOutcome.Away or TierOutcome.Failed => "error",
        TierOutcome.Skipped => "skipped",
        TierOutcome.Busy => "busy",
        _ => "miss",
    };

    /// <inheritdoc/>
    public void Dispose() => Value?.Dispose();
}
