using Slice.Benchmarks.Simulate.Fleet;

namespace Slice.Tests.Simulate;

/// <summary>The eviction of a simulated tier.</summary>
public sealed class LruSlicesTests
{
    [Fact]
    public void Least_recently_used_goes_first()
    {
        var kept = new LruSlices(slices: 4, capacity: 2);
        kept.Add(0);
        kept.Add(1);
        Assert.True(kept.TryUse(0));
        kept.Add(2);

        Assert.False(kept.TryUse(1));
        Assert.True(kept.TryUse(0));
        Assert.True(kept.TryUse(2));
        Assert.False(kept.TryUse(3));
    }

    // Beside a list that is searched from one end to the other.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(32)]
    public void Same_slices_are_there_as_in_a_plain_list(int capacity)
    {
        const int Slices = 32;
        var kept = new LruSlices(Slices, capacity);
        List<int> plain = [];
        var random = new Random(capacity);
        for (int step = 0; step < 20_000; step++)
        {
            int slice = random.Next(random.Next(Slices) + 1);
            bool isThere = plain.Remove(slice);
            Assert.Equal(isThere, kept.TryUse(slice));
            if (!isThere)
            {
                kept.Add(slice);
            }

            plain.Add(slice);
            plain.RemoveRange(0, Math.Max(0, plain.Count - capacity));
            Assert.Equal(plain.Count, kept.Count);
        }
    }
}
