using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

public class StoreLayoutTests
{
    private const long GiB = 1L << 30;

    [Theory]
    [InlineData(0, 4095, 0)]
    [InlineData(0, 4096, 4096)]
    [InlineData(0, 8191, 4096)]
    [InlineData(0, GiB - 1, (1 << 30) - 4096)]
    [InlineData(0, GiB, 1 << 30)]
    [InlineData(0, 10 * GiB, 1 << 30)]
    [InlineData(GiB, GiB, 0)]
    [InlineData(GiB, GiB + 4095, 0)]
    [InlineData(GiB, GiB + 4096, 4096)]
    [InlineData(9 * GiB, 10 * GiB, 1 << 30)]
    public void NextSegment_is_what_is_left_of_the_capacity_in_units_up_to_a_gibibyte(
        long usedBytes, long capacityBytes, int segmentBytes) =>
        Assert.Equal(segmentBytes, StoreLayout.NextSegmentBytes(usedBytes, capacityBytes));

    [Fact]
    public void FindSegments_sees_segments_and_nothing_else()
    {
        using var directory = new TestDirectory("layout");
        string[] names =
        [
            StoreLayout.SegmentFileName(0),
            StoreLayout.SegmentFileName(1_234_567),
            "lock",
            "segment-000001.txt",
            "notes",
        ];
        foreach (string name in names)
        {
            File.WriteAllText(directory.Combine(name), "");
        }

        Assert.Equal(
            ["segment-000000.slices", "segment-1234567.slices"],
            StoreLayout.FindSegments(directory.Path).Select(Path.GetFileName).Order());
    }
}
