using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Net.Delivery;
using Slice.Tests.Support;

namespace Slice.Tests.Delivery;

/// <summary>The drawing of where slices are. What arrives is seen in <c>StatusApiTests</c>.</summary>
public sealed class SliceMapTests : IDisposable
{
    private const int SliceBytes = 16;

    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData(1, 0, "w")]
    [InlineData(1, 1, "h")]
    [InlineData(5, 2, "hhwww")]
    public async Task Each_slice_of_a_short_plan_has_a_letter(int slices, int stored, string map) =>
        Assert.Equal(map, await DrawAsync(slices, stored));

    [Fact]
    public async Task Several_slices_share_a_letter_that_is_a_hit_when_all_are()
    {
        const int Slices = 2 * SliceMap.MaxCells;

        Assert.Equal(new string('h', 10) + new string('w', SliceMap.MaxCells - 10), await DrawAsync(Slices, stored: 20));
        Assert.Equal(new string('h', 10) + new string('w', SliceMap.MaxCells - 10), await DrawAsync(Slices, stored: 21));
    }

    [Fact]
    public async Task Largest_object_has_a_map_of_bounded_length() =>
        Assert.Equal(new string('w', SliceMap.MaxCells), await DrawAsync(Generation.MaxSlices, stored: 1));

    [Theory]
    [InlineData(0, "whww")]
    [InlineData(1, "ghww")]
    [InlineData(3, "ghgw")]
    public async Task Slice_that_was_sent_and_has_left_the_store_does_not_wait(int firstOrdinal, string map)
    {
        var generation = StoredObjects.Generation(_store, slices: 4, SliceBytes);
        await StoredObjects.AddAsync(_store, generation, sliceIndex: 1);

        Assert.Equal(map, Draw(generation, new ByteRange(0, generation.CompleteLength), firstOrdinal));
    }

    [Fact]
    public async Task Map_is_of_what_the_client_wants()
    {
        var generation = StoredObjects.Generation(_store, slices: 10, SliceBytes);
        await StoredObjects.AddAsync(_store, generation, sliceIndex: 4);

        Assert.Equal("whw", Draw(generation, new ByteRange(3 * SliceBytes, 6 * SliceBytes)));
    }

    private async Task<string> DrawAsync(int slices, int stored)
    {
        var generation = StoredObjects.Generation(_store, slices, SliceBytes);
        for (int slice = 0; slice < stored; slice++)
        {
            await StoredObjects.AddAsync(_store, generation, slice);
        }

        return Draw(generation, new ByteRange(0, generation.CompleteLength));
    }

    // The drawing knows nothing of the exchange.
    private static string Draw(Generation generation, ByteRange range, int firstOrdinal = 0) => SliceMap.Draw(new WindowGlance(
        null!, generation, SlicePlanner.Plan(generation.Grid, range, generation.CompleteLength), new SliceSource[4],
        firstOrdinal, firstOrdinal));
}
