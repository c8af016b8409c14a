using Slice.Core.Ranges;
using Slice.Host.Demo;

namespace Slice.Tests.Host.Demo;

/// <summary>What the demonstration downloads, and what memory it takes, stay bounded whatever is asked.</summary>
public sealed class DemoPlanTests
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    [Fact]
    public void Plan_by_default_downloads_everything_whole()
    {
        var plan = Plan(new DemoOptions());

        Assert.Equal(64, plan.SliceCount);
        Assert.Equal(plan.Whole, plan.Compared);
        Assert.Equal(plan.Whole, plan.Crowd);
        Assert.Equal(new ByteRange((32 * MiB) - 1_000, (32 * MiB) + 1_000), plan.Boundary);
        Assert.True(plan.FitsCache);
    }

    [Theory]
    [InlineData(64, 50, 64)]
    [InlineData(256, 50, 200)]
    [InlineData(2_048, 0, 256)]
    [InlineData(64, 10_000, 4)]
    public void Comparison_waits_for_the_origin_at_most_ten_seconds(long sizeMiB, int latencyMs, long comparedMiB)
    {
        var plan = Plan(new DemoOptions { SizeBytes = sizeMiB * MiB, Latency = TimeSpan.FromMilliseconds(latencyMs) });

        Assert.Equal(new ByteRange(0, comparedMiB * MiB), plan.Compared);
    }

    [Fact]
    public void Object_of_one_slice_has_a_range_inside_of_it()
    {
        Assert.Equal(new ByteRange(0, 1), Plan(new DemoOptions { SizeBytes = 1 }).Boundary);
        Assert.Equal(new ByteRange(0, 1_000), Plan(new DemoOptions { SizeBytes = MiB }).Boundary);
    }

    [Fact]
    public void Range_ends_with_the_object()
    {
        Assert.Equal(new ByteRange(MiB - 1_000, MiB + 1), Plan(new DemoOptions { SizeBytes = MiB + 1 }).Boundary);
    }

    [Theory]
    [InlineData(1_024, 8, true)]
    [InlineData(1_700, 8, true)]
    [InlineData(2_000, 8, false)]
    [InlineData(1_024, 2, false)]
    public void Cache_takes_at_most_2_GiB_and_half_of_the_memory(long sizeMiB, long memoryGiB, bool fits)
    {
        var plan = Plan(new DemoOptions { SizeBytes = sizeMiB * MiB }, memoryGiB * GiB);

        Assert.Equal(fits, plan.FitsCache);
        Assert.InRange(plan.CacheBytes, 64 * MiB, Math.Min(2, memoryGiB / 2) * GiB);
    }

    [Fact]
    public void Largest_object_in_the_smallest_slices_can_be_planned()
    {
        var plan = Plan(new DemoOptions { SizeBytes = DemoOptions.MaximumSizeBytes, SliceSizeBytes = 65_536, Latency = TimeSpan.Zero });

        Assert.Equal(256 * MiB, plan.Crowd.Length);
        Assert.Equal(256 * MiB, plan.Compared.Length);
        Assert.False(plan.FitsCache);
    }

    private static DemoPlan Plan(DemoOptions options, long memoryBytes = 8 * GiB) => DemoPlan.Create(options, memoryBytes);
}
