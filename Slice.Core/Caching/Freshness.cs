namespace Slice.Core.Caching;

/// <summary>How old a stored response is and how long it may be used (RFC 9111 §4.2).</summary>
/// <param name="ReceivedAt">When we received it, or validated it last.</param>
/// <param name="AgeWhenReceived">Its age then: the larger of the Age field and the distance to Date (RFC 9111 §4.2.3).</param>
/// <param name="Lifetime">Its freshness lifetime, at least zero.</param>
public readonly record struct Freshness(Instant ReceivedAt, TimeSpan AgeWhenReceived, TimeSpan Lifetime)
{
    /// <summary>The current age; never negative, and never less for a clock that was set back (B58).</summary>
    public TimeSpan AgeAt(Instant now) => AgeWhenReceived + now.Since(ReceivedAt);

    /// <summary>Whether it may be used without asking the origin: its lifetime exceeds its age.</summary>
    public bool IsFreshAt(Instant now) => Lifetime > AgeAt(now);
}
