namespace Slice.Core.Caching;

/// <summary>How old a stored response is and how long it may be used (RFC 9111 §4.2).</summary>
/// <param name="ReceivedAt">When we received it.</param>
/// <param name="AgeWhenReceived">Its age then: the larger of the Age field and the distance to Date (RFC 9111 §4.2.3).</param>
/// <param name="Lifetime">Its freshness lifetime, at least zero.</param>
public readonly record struct Freshness(DateTimeOffset ReceivedAt, TimeSpan AgeWhenReceived, TimeSpan Lifetime)
{
    /// <summary>The current age; never negative, also when the clock was set back.</summary>
    public TimeSpan AgeAt(DateTimeOffset now)
    {
        var resident = now - ReceivedAt;
        return resident > TimeSpan.Zero ? AgeWhenReceived + resident : AgeWhenReceived;
    }

    /// <summary>Whether it may be used without asking the origin: its lifetime exceeds its age.</summary>
    public bool IsFreshAt(DateTimeOffset now) => Lifetime > AgeAt(now);
}
