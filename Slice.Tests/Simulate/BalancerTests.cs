using Slice.Benchmarks.Simulate.Fleet;

namespace Slice.Tests.Simulate;

/// <summary>Simulated balancers.</summary>
public sealed class BalancerTests
{
    private const int Instances = 4;

    [Fact]
    public void Round_robin_gives_each_instance_its_turn()
    {
        var balancer = new RoundRobinBalancer(Instances);

        Assert.Equal([0, 1, 2, 3, 0, 1], Enumerable.Range(0, 6).Select(_ => Give(balancer, index: 7)));
    }

    [Fact]
    public void Hashing_gives_an_object_to_one_instance_whatever_its_load()
    {
        var balancer = new HashBalancer("hashing", Instances, ringPoints: 160, double.PositiveInfinity);

        Assert.Single(Enumerable.Range(0, 100).Select(_ => Give(balancer, index: 7)).Distinct());
        Assert.Equal(Instances, balancer.MaxToMean);
    }

    [Fact]
    public void Bound_holds_when_everybody_asks_for_one_object()
    {
        var balancer = new HashBalancer("bounded", Instances, ringPoints: 160, boundFactor: 1.5);
        for (int request = 0; request < 1000; request++)
        {
            Give(balancer, index: 7);
        }

        Assert.InRange(balancer.MaxToMean, 1.49, 1.51);
    }

    [Fact]
    public void Request_that_has_ended_is_no_load()
    {
        var balancer = new HashBalancer("bounded", Instances, ringPoints: 160, boundFactor: 1.5);

        Assert.Single(Enumerable.Range(0, 100).Select(second => Give(balancer, index: 7, atSeconds: second, seconds: 1)).Distinct());
    }

    private static int Give(Balancer balancer, int index, double atSeconds = 0, double seconds = 10) =>
        balancer.Give(new FleetRequest(atSeconds, index, FirstSlice: 0, Slices: 1), seconds);
}
