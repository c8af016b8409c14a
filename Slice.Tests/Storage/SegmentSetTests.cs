using Slice.Core.Storage;

namespace Slice.Tests.Storage;

/// <summary>A store of several segments finds the one that has room.</summary>
public sealed class SegmentSetTests : IDisposable
{
    private const int SliceBytes = 8 << 20;
    private const int Slices = 384;

    // Memory that is never written is never taken.
    private readonly SliceStore _store = SliceStore.CreateInMemory((long)Slices * SliceBytes, TimeProvider.System, overflowBytes: 0);
    private readonly List<StoredSlice> _slices = [];

    public void Dispose()
    {
        _slices.ForEach(static slice => slice.Release());
        _store.Dispose();
    }

    [Fact]
    public async Task Extent_that_was_given_back_is_found_in_whichever_segment_it_is()
    {
        await FillAsync();
        foreach (int index in (int[])[320, 160, 383, 24])
        {
            var place = PlaceOf(_slices[index]);
            _slices[index].Release();
            _slices[index] = await ReserveAsync(SliceBytes);

            Assert.Equal(place, PlaceOf(_slices[index]));
        }

        Assert.Null(await _store.ReserveAsync(SliceBytes));
    }

    [Fact]
    public async Task First_segment_with_room_is_taken()
    {
        await FillAsync();
        int[] given = [320, 24, 160];
        var places = given.Select(index => PlaceOf(_slices[index])).ToArray();
        foreach (int index in given)
        {
            _slices[index].Release();
        }

        foreach (int index in given)
        {
            _slices[index] = await ReserveAsync(SliceBytes);
        }

        Assert.Equal([places[1], places[2], places[0]], given.Select(index => PlaceOf(_slices[index])));
    }

    [Fact]
    public async Task Segment_with_room_for_less_is_passed_over()
    {
        await FillAsync();
        var (first, second) = (PlaceOf(_slices[24]), PlaceOf(_slices[320]));
        _slices[24].Release();
        _slices[320].Release();
        _slices[24] = await ReserveAsync(ExtentAllocator.UnitBytes);
        _slices[320] = await ReserveAsync(SliceBytes);

        Assert.Equal((first, second), (PlaceOf(_slices[24]), PlaceOf(_slices[320])));
        _slices.Add(await ReserveAsync(SliceBytes / 2));
        Assert.Equal(first.Segment, PlaceOf(_slices[^1]).Segment);
    }

    private static (SegmentFile Segment, int OffsetBytes) PlaceOf(StoredSlice slice) => (slice.Segment, slice.OffsetBytes);

    private async Task FillAsync()
    {
        while (_slices.Count < Slices)
        {
            _slices.Add(await ReserveAsync(SliceBytes));
        }

        Assert.Equal(3, _slices.Select(static slice => slice.Segment).Distinct().Count());
    }

    private async Task<StoredSlice> ReserveAsync(int lengthBytes)
    {
        var reservation = await _store.ReserveAsync(lengthBytes);
        Assert.NotNull(reservation);
        return reservation.Slice;
    }
}
