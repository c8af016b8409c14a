using Slice.Benchmarks.Simulate.Fleet;

namespace Slice.Tests.Simulate;

/// <summary>A whole simulated fleet, smaller than by default.</summary>
public sealed class FleetSimulationTests
{
    private static readonly FleetOptions s_options = new()
    {
        Objects = 4000,
        ObjectBytes = 10 << 20,
        Requests = 60_000,
        Instances = 4,
        LocalShare = 0.05,
        TierShares = [0.3],
        Releases = 5,
        ReleaseSeconds = 2,
    };

    private static readonly FleetRow[] s_rows = FleetCommand.Rows(s_options);

    [Fact]
    public void Same_options_give_the_same_rows() => Assert.Equal(s_rows, FleetCommand.Rows(s_options));

    [Fact]
    public void What_is_served_comes_from_a_cache_the_tier_or_the_origin() => Assert.All(
        s_rows, row => Assert.Equal(1, row.LocalHitRatio + row.TierReadToServed + row.OriginToServed, 1e-9));

    [Fact]
    public void What_the_origin_sends_is_written_to_the_tier_where_there_is_one() =>
        Assert.All(s_rows, row => Assert.Equal(row.TierShare == 0 ? 0 : row.OriginToServed, row.TierWrittenToServed));

    [Fact]
    public void New_object_is_fetched_once_with_hashing_or_collapsing_and_by_each_instance_without()
    {
        Assert.True(Row("round robin", "none").OriginToNewObject >= 4);
        Assert.Equal(1, Row("hashing", "none").OriginToNewObject, 1e-9);
        Assert.Equal(1, Row("round robin", "all, collapsing").OriginToNewObject);
        Assert.InRange(Row("round robin", "all, no collapsing").OriginToNewObject, 1.5, 4);
    }

    [Fact]
    public void Bound_evens_out_what_hashing_gives_to_one_instance()
    {
        Assert.InRange(Row("hashing", "none").BytesMaxToMean, 1.1, 4);
        Assert.InRange(Row("round robin", "none").BytesMaxToMean, 1, 1.1);
        Assert.True(Row("hashing, bound 1.5", "none").InFlightMaxToMean <= Row("hashing", "none").InFlightMaxToMean);
    }

    // The model of docs/scaling.md, which promises three points where there is no tier.
    [Theory]
    [InlineData("round robin")]
    [InlineData("hashing")]
    public void Model_agrees_with_the_simulation(string balancer) =>
        Assert.Equal(Row(balancer, "none").OriginToServedOfModel, Row(balancer, "none").OriginToServed, 0.03);

    private static FleetRow Row(string balancer, string tier) => s_rows.Single(row => row.Balancer == balancer && row.Tier == tier);
}
