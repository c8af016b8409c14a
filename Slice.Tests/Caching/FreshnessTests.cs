using Slice.Core.Caching;
using Slice.Tests.Support;

namespace Slice.Tests.Caching;

public class FreshnessTests
{
    private readonly SettableTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    // RFC 9111 §4.2: fresh while freshness_lifetime > current_age.
    [Theory]
    [InlineData(0, 60, 0, true)]
    [InlineData(0, 60, 59, true)]
    [InlineData(0, 60, 60, false)]
    [InlineData(10, 60, 49, true)]
    [InlineData(10, 60, 50, false)]
    [InlineData(60, 60, 0, false)]
    [InlineData(0, 0, 0, false)]
    public void Response_is_fresh_while_its_lifetime_exceeds_its_age(int ageWhenReceived, int lifetime, int secondsLater, bool isFresh)
    {
        var freshness = Received(ageWhenReceived, lifetime);
        _time.Advance(TimeSpan.FromSeconds(secondsLater));
        Assert.Equal(isFresh, freshness.IsFreshAt(Instant.Now(_time)));
    }

    // Seconds that pass, and what the wall clock is set forward by after them.
    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(5, 0, 0, 5)]
    [InlineData(5, 7, 0, 12)]
    [InlineData(5, 7, -3600, 12)]
    [InlineData(5, 7, -3, 12)]
    [InlineData(0, 0, -3600, 0)]
    [InlineData(5, 7, 3600, 3612)]
    [Trait("Behaviour", "B58")]
    public void Age_is_age_when_received_and_the_longer_of_the_times_since(int ageWhenReceived, int seconds, int setBy, int age)
    {
        var freshness = Received(ageWhenReceived, 0);
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _time.SetClock(TimeSpan.FromSeconds(setBy));
        Assert.Equal(TimeSpan.FromSeconds(age), freshness.AgeAt(Instant.Now(_time)));
    }

    [Theory]
    [InlineData(-3600)]
    [InlineData(-61)]
    [InlineData(-1)]
    [Trait("Behaviour", "B58")]
    public void Clock_that_is_set_back_ends_no_freshness_late_and_gives_none_back(int setBy)
    {
        var freshness = Received(ageWhenReceived: 0, lifetime: 60);
        _time.Advance(TimeSpan.FromSeconds(59));
        _time.SetClock(TimeSpan.FromSeconds(setBy));
        Assert.True(freshness.IsFreshAt(Instant.Now(_time)));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(freshness.IsFreshAt(Instant.Now(_time)));

        _time.SetClock(TimeSpan.FromSeconds(setBy));
        Assert.False(freshness.IsFreshAt(Instant.Now(_time)));
    }

    // What was written down by an earlier process: seconds of the wall clock from its receipt to the start of this process.
    [Theory]
    [InlineData(0, true)]
    [InlineData(59, true)]
    [InlineData(60, false)]
    [InlineData(-1, false)]
    [InlineData(-3600, false)]
    [Trait("Behaviour", "B58")]
    public void Response_of_an_earlier_process_is_fresh_only_when_it_was_received_before_now(int seconds, bool isFresh)
    {
        var received = _time.GetUtcNow().AddSeconds(-seconds);

        Assert.Equal(isFresh, Recalled(received).IsFreshAt(Instant.Now(_time)));
        Assert.Equal(isFresh, Fresh(Instant.ByWallClock(received)).IsFreshAt(Instant.Now(_time)));
    }

    [Theory]
    [InlineData(30, 30, -50)]
    [InlineData(30, 29, -3600)]
    [InlineData(-10, 0, 20)]
    [Trait("Behaviour", "B58")]
    public void Response_of_an_earlier_process_grows_older_whatever_the_clock_is_set_to(int before, int after, int setBy)
    {
        var freshness = Recalled(_time.GetUtcNow().AddSeconds(-before));
        bool isFresh = before >= 0 && before + after < 60;

        _time.Advance(TimeSpan.FromSeconds(after));
        _time.SetClock(TimeSpan.FromSeconds(setBy));

        Assert.Equal(isFresh, freshness.IsFreshAt(Instant.Now(_time)));
    }

    // What is written down of a response whose age nobody knows must not be young for the next process either.
    [Fact]
    [Trait("Behaviour", "B58")]
    public void Response_of_unknown_age_stays_old_when_it_is_written_down_again()
    {
        var freshness = Recalled(_time.GetUtcNow().AddHours(1));
        _time.Advance(TimeSpan.FromHours(1));

        Assert.False(Recalled(freshness.ReceivedAt.Utc).IsFreshAt(Instant.Now(_time)));
    }

    [Fact]
    public void Moment_of_the_system_is_that_of_its_clocks()
    {
        var before = DateTimeOffset.UtcNow;
        var moment = Instant.Now(TimeProvider.System);

        Assert.InRange(moment.Utc, before, DateTimeOffset.UtcNow);
        Assert.InRange(Instant.Now(TimeProvider.System).Since(moment), TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    private Freshness Received(int ageWhenReceived, int lifetime) =>
        new(Instant.Now(_time), TimeSpan.FromSeconds(ageWhenReceived), TimeSpan.FromSeconds(lifetime));

    private Freshness Recalled(DateTimeOffset received) => Fresh(Instant.Now(_time).Recall(received));

    private static Freshness Fresh(Instant received) => new(received, TimeSpan.Zero, TimeSpan.FromMinutes(1));
}
