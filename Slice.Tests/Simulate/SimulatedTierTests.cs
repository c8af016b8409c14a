using Slice.Benchmarks.Simulate.Fleet;

namespace Slice.Tests.Simulate;

/// <summary>A simulated tier: who asks the origin, and what goes to the tier and out of it.</summary>
public sealed class SimulatedTierTests
{
    private const double WindowSeconds = 0.2;

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public void Second_miss_within_the_window_asks_the_origin_unless_collapsed(bool collapses, int fetched)
    {
        var tier = new SimulatedTier("tier", slices: 4, capacity: 4, collapses, WindowSeconds);

        Assert.True(tier.Get(0, atSeconds: 1));
        Assert.Equal(!collapses, tier.Get(0, atSeconds: 1.1));
        Assert.False(tier.Get(0, atSeconds: 1.21));

        Assert.Equal((fetched, fetched, 3 - fetched), (tier.Fetched, tier.Written, tier.Read));
    }

    [Fact]
    public void Slice_that_was_evicted_is_fetched_again()
    {
        var tier = new SimulatedTier("tier", slices: 4, capacity: 1, collapses: true, WindowSeconds);

        Assert.True(tier.Get(0, atSeconds: 1));
        Assert.True(tier.Get(1, atSeconds: 2));
        Assert.True(tier.Get(0, atSeconds: 3));
    }

    [Fact]
    public void Fleet_without_a_tier_writes_nothing_and_asks_every_time()
    {
        var tier = new SimulatedTier("none", slices: 4, capacity: 0, collapses: false, WindowSeconds);

        Assert.True(tier.Get(0, atSeconds: 1));
        Assert.True(tier.Get(0, atSeconds: 2));

        Assert.Equal((2, 0, 0), (tier.Fetched, tier.Written, tier.Read));
    }
}
