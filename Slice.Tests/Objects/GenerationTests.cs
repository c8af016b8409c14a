using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects;

public sealed class GenerationTests : IDisposable
{
    private const int SliceBytes = 16;

    private static readonly DateTimeOffset s_second = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);
    private readonly Generation _generation;

    public GenerationTests() => _generation = StoredObjects.Generation(_store, slices: 4, SliceBytes);

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Committed_slice_is_leased_under_its_index()
    {
        var slice = await StoredObjects.AddAsync(_store, _generation, sliceIndex: 2, seed: 3);

        Assert.True(_generation.TryLease(2, out var leased));
        Assert.Same(slice, leased);
        Assert.Equal(TestContent.Bytes(0, SliceBytes, seed: 3), StoredObjects.Bytes(leased));
        Assert.False(_generation.TryLease(1, out _));
        Assert.Equal(1, _generation.StoredSlices);
        Assert.Equal(1, _store.SliceCount);
        leased.Release();
    }

    [Fact]
    public async Task Second_slice_for_one_index_is_not_taken()
    {
        var first = await StoredObjects.AddAsync(_store, _generation, sliceIndex: 0);
        long usedBytes = _store.UsedBytes;

        Assert.False(StoredObjects.Commit(_generation, await StoredObjects.FillAsync(_store, SliceBytes), 0));

        Assert.True(_generation.TryLease(0, out var stored));
        Assert.Same(first, stored);
        stored.Release();
        Assert.Equal(usedBytes, _store.UsedBytes);
        Assert.Equal(1, _store.SliceCount);
    }

    [Fact]
    public async Task Retired_generation_takes_no_slice()
    {
        _generation.Retire();
        Assert.False(StoredObjects.Commit(_generation, await StoredObjects.FillAsync(_store, SliceBytes), 0));
        Assert.Equal(0, _store.UsedBytes);
    }

    [Fact]
    public async Task Retired_generation_frees_its_slices_and_keeps_what_is_leased()
    {
        await StoredObjects.AddAsync(_store, _generation, sliceIndex: 0);
        var leased = await StoredObjects.AddAsync(_store, _generation, sliceIndex: 1, seed: 9);
        Assert.True(leased.TryLease());

        _generation.Retire();
        _generation.Retire();

        Assert.True(_generation.IsRetired);
        await Eventually.TrueAsync(() => _store.UsedBytes == ExtentAllocator.UnitBytes, "all but the leased slice is free");
        Assert.False(_generation.TryLease(1, out _));
        Assert.Equal(TestContent.Bytes(0, SliceBytes, seed: 9), StoredObjects.Bytes(leased));
        leased.Release();
        await Eventually.TrueAsync(() => _store.UsedBytes == 0, "the leased slice is free too");
    }

    [Fact]
    public async Task Slices_committed_while_the_generation_retires_are_not_lost()
    {
        for (int round = 0; round < 200; round++)
        {
            var generation = StoredObjects.Generation(_store, slices: 4, SliceBytes);
            var slices = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => StoredObjects.FillAsync(_store, SliceBytes)));
            var committing = Task.Run(() => CommitAll(generation, slices), TestContext.Current.CancellationToken);
            generation.Retire();
            await Deadline.WithinAsync(committing, "the commits");
            await Eventually.TrueAsync(
                () => _store is { UsedBytes: 0, SliceCount: 0 },
                () => $"round {round}: {_store.UsedBytes} bytes, {_store.SliceCount} slices left");
        }
    }

    [Fact]
    public async Task Retired_generation_keeps_its_slices_for_its_readers_and_takes_more_of_them()
    {
        await StoredObjects.AddAsync(_store, _generation, sliceIndex: 0, seed: 7);
        Assert.True(_generation.TryAddReader());
        Assert.True(_generation.TryAddReader());

        _generation.Retire();
        _generation.RemoveReader();
        await StoredObjects.AddAsync(_store, _generation, sliceIndex: 1, seed: 8);

        Assert.True(_generation.IsRetired);
        Assert.True(_generation.TryLease(0, out var first));
        Assert.Equal(TestContent.Bytes(0, SliceBytes, seed: 7), StoredObjects.Bytes(first));
        first.Release();
        Assert.Equal((2, 2 * ExtentAllocator.UnitBytes), (_store.SliceCount, _store.UsedBytes));

        _generation.RemoveReader();

        Assert.False(_generation.TryAddReader());
        Assert.False(StoredObjects.Commit(_generation, await StoredObjects.FillAsync(_store, SliceBytes), 2));
        await Eventually.TrueAsync(() => _store is { UsedBytes: 0, SliceCount: 0 }, "nothing is left of it");
    }

    [Fact]
    public async Task Slices_of_a_generation_that_retires_while_readers_come_and_go_are_not_lost()
    {
        for (int round = 0; round < 300; round++)
        {
            var generation = StoredObjects.Generation(_store, slices: 1, SliceBytes);
            await StoredObjects.AddAsync(_store, generation, sliceIndex: 0);
            var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(
                () => ReadUntilItIsGone(generation), TestContext.Current.CancellationToken)).ToArray();
            generation.Retire();
            await Deadline.WithinAsync(Task.WhenAll(readers), "the readers");
            await Eventually.TrueAsync(
                () => _store is { UsedBytes: 0, SliceCount: 0 },
                () => $"round {round}: {_store.UsedBytes} bytes, {_store.SliceCount} slices left");
        }
    }

    // Who is a reader finds every slice; a pause of some steps between, so that the end falls anywhere.
    private static void ReadUntilItIsGone(Generation generation)
    {
        for (int reading = 0; generation.TryAddReader(); reading++)
        {
            Thread.SpinWait(reading % 7);
            Assert.True(generation.TryLease(0, out var slice));
            slice.Release();
            generation.RemoveReader();
        }
    }

    [Fact]
    public void Freshen_replaces_the_response_as_a_whole()
    {
        var fresh = StoredObjects.Response(_generation.CompleteLength, "\"v2\"");
        _generation.Freshen(fresh);
        Assert.Same(fresh, _generation.Response);
    }

    [Fact]
    public void Freshen_with_another_length_is_refused()
    {
        var before = _generation.Response;
        Assert.Throws<ArgumentException>(() => _generation.Freshen(StoredObjects.Response(_generation.CompleteLength + 1)));
        Assert.Same(before, _generation.Response);
    }

    // Also where a 304 of later has made its validators strong: what is stored was fetched before (B25).
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Generation_of_its_second_is_in_doubt_afterwards_unless_it_is_whole(bool isFreshened)
    {
        var found = OfItsSecond(secondsLater: 0);
        var generation = new Generation(StoredObjects.Key(), found, new SliceGrid(SliceBytes), isShared: true, _store);
        var later = Instant.ByWallClock(s_second.AddSeconds(1));
        Assert.True(generation.IsInDoubtAt(later));
        Assert.False(generation.IsInDoubtAt(Instant.ByWallClock(s_second.AddMilliseconds(999))));

        await StoredObjects.AddAsync(_store, generation, sliceIndex: 0);
        var last = await StoredObjects.AddAsync(_store, generation, sliceIndex: 1);
        Assert.False(generation.IsInDoubtAt(later));
        if (isFreshened)
        {
            generation.Freshen(OfItsSecond(secondsLater: 5));
        }

        generation.Drop(last);
        Assert.True(generation.IsInDoubtAt(later));
    }

    private static StoredResponse OfItsSecond(int secondsLater) => new(
        new Validator("\"v1\"", "Sun, 01 Mar 2026 12:00:00 GMT", 2 * SliceBytes),
        new Freshness(Instant.ByWallClock(s_second.AddSeconds(secondsLater)), TimeSpan.Zero, TimeSpan.FromHours(1)),
        fieldLines: [],
        lastModifiedDate: s_second,
        date: s_second.AddSeconds(secondsLater))
    {
        MayCombine = secondsLater > 0,
    };

    [Theory]
    [InlineData(0, 4, 2)]
    [InlineData(0, 1, 0)]
    [InlineData(1, 1, 1)]
    [InlineData(1, 3, 2)]
    [InlineData(2, 1, 0)]
    [InlineData(3, 0, 0)]
    public async Task CountStored_counts_within_its_bounds(int firstSliceIndex, int count, int stored)
    {
        await StoredObjects.AddAsync(_store, _generation, sliceIndex: 1);
        await StoredObjects.AddAsync(_store, _generation, sliceIndex: 3);
        Assert.Equal(stored, _generation.CountStored(firstSliceIndex, count));
    }

    [Fact]
    public async Task DropThrough_drops_up_to_its_bound_and_goes_on_where_a_slice_was_late()
    {
        await StoredObjects.AddAsync(_store, _generation, sliceIndex: 0);
        await StoredObjects.AddAsync(_store, _generation, sliceIndex: 2);
        await StoredObjects.AddAsync(_store, _generation, sliceIndex: 3);

        _generation.DropThrough(0, 2);
        Assert.Equal([false, false, true, true], Enumerable.Range(0, 4).Select(index => _generation.CountStored(index, 1) == 1));

        await StoredObjects.AddAsync(_store, _generation, sliceIndex: 1);
        _generation.DropThrough(0, 2);
        Assert.Equal([false, false, false, true], Enumerable.Range(0, 4).Select(index => _generation.CountStored(index, 1) == 1));
    }

    [Fact]
    public async Task Generation_is_empty_without_slices_and_fetches()
    {
        Assert.True(_generation.IsEmpty);
        _generation.FetchStarted();
        Assert.False(_generation.IsEmpty);
        var slice = await StoredObjects.AddAsync(_store, _generation, sliceIndex: 0);
        _generation.FetchEnded();
        Assert.False(_generation.IsEmpty);
        _generation.Drop(slice);
        Assert.True(_generation.IsEmpty);
    }

    [Fact]
    public async Task Dropping_a_slice_twice_releases_it_once()
    {
        var slice = await StoredObjects.AddAsync(_store, _generation, sliceIndex: 0);
        Assert.True(slice.TryLease());
        _generation.Drop(slice);
        _generation.Drop(slice);
        Assert.True(slice.TryLease());
        slice.Release();
        slice.Release();
        Assert.False(slice.TryLease());
    }

    private static void CommitAll(Generation generation, StoredSlice[] slices)
    {
        for (int index = 0; index < slices.Length; index++)
        {
            StoredObjects.Commit(generation, slices[index], index);
        }
    }
}
