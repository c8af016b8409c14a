namespace Slice.Tests.Support;

/// <summary>The system's time on a machine whose wall clock is wrong by <paramref name="offset"/>.</summary>
internal sealed class OffsetTime(TimeSpan offset) : TimeProvider
{
    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + offset;
}
