using Slice.Core.Caching;

namespace Slice.Tests.Caching;

public class FreshnessTests
{
    private static readonly DateTimeOffset s_received = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // RFC 9111 §4.2: fresh while freshness_lifetime > current_age.
    [Theory]
    [InlineData(0, 60, 0, true)]
    [InlineData(0, 60, 59, true)]
    [InlineData(0, 60, 60, false)]
    [InlineData(10, 60, 49, true)]
    [InlineData(10, 60, 50, false)]
    [InlineData(60, 60, 0, false)]
    [InlineData(0, 0, 0, false)]
    [InlineData(0, 1, -3600, true)]
    [InlineData(1, 1, -3600, false)]
    public void Response_is_fresh_while_its_lifetime_exceeds_its_age(int ageWhenReceived, int lifetime, int secondsLater, bool isFresh)
    {
        var freshness = new Freshness(s_received, TimeSpan.FromSeconds(ageWhenReceived), TimeSpan.FromSeconds(lifetime));
        Assert.Equal(isFresh, freshness.IsFreshAt(s_received.AddSeconds(secondsLater)));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(5, 0, 5)]
    [InlineData(5, 7, 12)]
    [InlineData(5, -7, 5)]
    public void Age_is_age_when_received_and_the_time_since(int ageWhenReceived, int secondsLater, int age)
    {
        var freshness = new Freshness(s_received, TimeSpan.FromSeconds(ageWhenReceived), TimeSpan.Zero);
        Assert.Equal(TimeSpan.FromSeconds(age), freshness.AgeAt(s_received.AddSeconds(secondsLater)));
    }
}
