using Slice.Core.Objects;

namespace Slice.Core.SharedCache;

/// <summary>One thing that the other instances have to hear of. Immutable.</summary>
/// <param name="Kind">What has happened.</param>
/// <param name="Key">The cache key that it is of.</param>
/// <param name="Old">The version that is not the object any more, as <see cref="TierNames.ContentOf"/> has it; for a change only.</param>
internal sealed record TierEvent(TierEventKind Kind, byte[] Key, TierVersion Old)
{
    /// <summary>The number of an event whose counter cannot be reached: nothing is known to have been asked for after it.</summary>
    public const long Uncounted = long.MaxValue;

    /// <summary>Whether the others were told, so that only its counter is left.</summary>
    public bool IsSaid { get; init; }

    /// <summary>What has the place of the old version here; null for nothing, and for what another instance tells.</summary>
    public Generation? Successor { get; init; }

    /// <summary>The successor's version, as <see cref="TierNames.SureContentOf"/> has it; default for none.</summary>
    public TierVersion Now { get; init; }

    /// <summary>The number that the event was counted with, of its key.</summary>
    public long Number { get; init; } = Uncounted;

    /// <summary>Whether what is stored goes.</summary>
    public bool IsRemoval => Kind is TierEventKind.Removed or TierEventKind.Purged;

    /// <summary>What two events have in common when the later one says all that the earlier one said.</summary>
    public (TierEventKind Kind, string Key, TierVersion Old, bool IsSaid) Subject => (Kind, Convert.ToHexString(Key), Old, IsSaid);

    /// <summary>Whether the others have to hear of it now.</summary>
    public bool IsToBeSaid => !IsSaid && !(IsOfNoVersion && Number == Uncounted);

    /// <summary>
    /// Whether it is of a version that this instance has learned of alone, so that there may be nothing to tell: another one may have told.
    /// </summary>
    public bool MayBeKnown => IsOfNoVersion && Successor is { IsRetired: false };

    /// <summary>Whether there is nothing to tell before it is counted: it names no version that others are to leave.</summary>
    public bool IsOfNoVersion => Kind == TierEventKind.Changed && Old == default;
}
