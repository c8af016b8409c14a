using Slice.Benchmarks.Simulate;

namespace Slice.Tests.Simulate;

/// <summary>The popularity that simulated requests follow.</summary>
public sealed class ZipfRanksTests
{
    private const int Draws = 200_000;

    // Five standard deviations of the most popular rank's count are below a hundredth of all draws.
    [Theory]
    [InlineData(0.0)]
    [InlineData(0.8)]
    [InlineData(1.2)]
    public void Ranks_are_drawn_as_often_as_the_law_says(double exponent)
    {
        const int Ranks = 50;
        var ranks = new ZipfRanks(Ranks, exponent);
        var random = new Random(1);
        int[] drawn = new int[Ranks];
        for (int draw = 0; draw < Draws; draw++)
        {
            drawn[ranks.Next(random)]++;
        }

        double all = Enumerable.Range(1, Ranks).Sum(rank => Math.Pow(rank, -exponent));
        Assert.All(drawn.Index(), rank => Assert.Equal(Math.Pow(rank.Index + 1, -exponent) / all, rank.Item / (double)Draws, 0.01));
    }

    [Fact]
    public void Share_of_the_first_ranks_is_that_of_their_draws()
    {
        // 1, 1/2, 1/3 and 1/4 of 25/12.
        var ranks = new ZipfRanks(4, 1);

        Assert.Equal(0, ranks.DrawsOfFirst(0));
        Assert.Equal(12 / 25.0, ranks.DrawsOfFirst(0.25), 1e-12);
        Assert.Equal(15 / 25.0, ranks.DrawsOfFirst(0.375), 1e-12);
        Assert.Equal(18 / 25.0, ranks.DrawsOfFirst(0.5), 1e-12);
        Assert.Equal(1, ranks.DrawsOfFirst(1));
        Assert.Equal(1, ranks.DrawsOfFirst(7));
    }
}
