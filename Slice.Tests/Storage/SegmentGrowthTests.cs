using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

/// <summary>A store on disk takes its room in steps, so that <c>du</c> tells what is used.</summary>
public sealed class SegmentGrowthTests : IDisposable
{
    private const int Step = StoreLayout.StepBytes;
    private const int SliceBytes = 8 << 20;

    private readonly TestDirectory _directory = new("growth");

    private string FirstPath => _directory.Combine(StoreLayout.SegmentFileName(0));

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(0, 1 << 30, 0L, 1L << 40, Step)]
    [InlineData(Step, 1 << 30, (long)Step, 1L << 40, 2 * Step)]
    [InlineData(Step + 4096, 1 << 30, Step + 4096L, 1L << 40, 2 * Step)]
    [InlineData(Step, Step + 8192, (long)Step, 1L << 40, Step + 8192)]
    [InlineData(Step, 1 << 30, (long)Step, Step + 4096L, Step + 4096)]
    [InlineData(Step, 1 << 30, 2L * Step, (2L * Step) + 4096, Step + 4096)]
    [InlineData(Step, 1 << 30, (long)Step, Step + 4095L, 0)]
    [InlineData(1 << 30, 1 << 30, 1L << 30, 1L << 40, 0)]
    public void NextFile_ends_at_a_step_the_mapping_or_the_capacity(
        int fileBytes, int mappedBytes, long usedBytes, long capacityBytes, int nextBytes) =>
        Assert.Equal(nextBytes, StoreLayout.NextFileBytes(fileBytes, mappedBytes, usedBytes, capacityBytes));

    [Fact]
    public async Task Store_takes_what_it_uses_and_a_step_ahead()
    {
        using var store = StoredObjects.OpenStore(_directory.Path, 4L * Step, TimeProvider.System);
        Assert.Equal(Step, new FileInfo(FirstPath).Length);
        var generation = StoredObjects.Generation(store, slices: 32, SliceBytes);

        await StoredObjects.AddAsync(store, generation, 0);
        Assert.Equal(Step, store.AllocatedBytes);
        for (int index = 1; index < 12; index++)
        {
            await StoredObjects.AddAsync(store, generation, index);
        }

        Assert.Equal(2 * Step, store.AllocatedBytes);
        Assert.Equal(2 * Step, new FileInfo(FirstPath).Length);
        for (int index = 12; index < 32; index++)
        {
            await StoredObjects.AddAsync(store, generation, index);
        }

        Assert.Equal((4 * Step, 32), (store.AllocatedBytes, store.SliceCount));
        Assert.Equal([FirstPath], StoreLayout.FindSegments(_directory.Path));
    }

    // Our own growth must not look as if somebody else had been at the file: everything would be compared with its checksum once more.
    [Fact]
    public async Task Growth_leaves_what_was_verified_verified()
    {
        using var store = StoredObjects.OpenStore(_directory.Path, 4L * Step, TimeProvider.System);
        var generation = StoredObjects.Generation(store, slices: 32, SliceBytes);
        var first = await StoredObjects.AddAsync(store, generation, 0);
        for (int index = 1; index < 20; index++)
        {
            await StoredObjects.AddAsync(store, generation, index);
            first.Segment.Watch!.Look();
            Assert.True(first.IsVerified);
        }

        Assert.False(first.Segment.WasCutShort);
        Assert.Equal(TestContent.Bytes(0, SliceBytes, seed: 0), StoredObjects.Bytes(first));
    }

    [Fact]
    public void Look_in_the_middle_of_growth_finds_nothing_odd()
    {
        using IDisposable owner = SegmentFile.CreateOnDisk(store: null!, index: 0, FirstPath, 4 * Step, Step);
        var segment = (SegmentFile)owner;
        int asked = 0;
        segment.Watch!.StateOf = file =>
        {
            asked++;
            if (asked == 3)
            {
                return FileState.Of(file) with { LengthBytes = Step + 4096 };
            }

            if (asked == 2)
            {
                // The file system lengthens the file in pieces, and somebody looks after one.
                Assert.Equal(Step + 4096, segment.Watch.Look());
            }

            return FileState.Of(file);
        };

        segment.Grow(2 * Step);
        segment.Watch.StateOf = FileState.Of;
        segment.Watch.Look();

        Assert.Equal(1, segment.Epoch);
        Assert.False(segment.WasCutShort);
        Assert.Equal(2 * Step, segment.FileBytes);
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public void Growth_that_the_disk_refuses_leaves_the_file_as_it_was()
    {
        using IDisposable owner = SegmentFile.CreateOnDisk(store: null!, index: 0, FirstPath, 4 * Step, Step);
        var segment = (SegmentFile)owner;
        using (new ReadOnlyDescriptor(FirstPath))
        {
            var error = Assert.ThrowsAny<Exception>(() => segment.Grow(2 * Step));
            Assert.Contains(FirstPath, error.Message, StringComparison.Ordinal);
        }

        Assert.Equal((Step, 1), (segment.FileBytes, segment.Epoch));
        Assert.Equal(Step, new FileInfo(FirstPath).Length);
        segment.Grow(2 * Step);
        Assert.Equal(2 * Step, new FileInfo(FirstPath).Length);
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public void Growth_of_a_file_that_was_cut_short_is_refused()
    {
        using IDisposable owner = SegmentFile.CreateOnDisk(store: null!, index: 0, FirstPath, 4 * Step, Step);
        using (var file = File.OpenHandle(FirstPath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(file, 5000);
        }

        Assert.Throws<IOException>(() => ((SegmentFile)owner).Grow(2 * Step));

        Assert.Equal(5000, new FileInfo(FirstPath).Length);
        Assert.False(((SegmentFile)owner).CanGrow);
    }

    // Ten slices wait for a step that has room for eight of them. Evicting for the others would cost what is stored, while there is room.
    [Fact]
    public async Task Slices_that_a_step_has_no_room_for_wait_for_the_next_and_evict_nothing()
    {
        using var store = StoredObjects.OpenStore(_directory.Path, 8L * Step, TimeProvider.System);
        var generation = StoredObjects.Generation(store, slices: 64, SliceBytes);
        for (int index = 0; index < 8; index++)
        {
            await StoredObjects.AddAsync(store, generation, index);
        }

        var reservations = await Task.WhenAll(
            Enumerable.Range(0, 30).Select(_ => Task.Run(async () => await store.ReserveAsync(SliceBytes))));

        Assert.Equal(8, store.SliceCount);
        Assert.All(reservations, reservation => Assert.False(reservation!.Slice.IsTransient));
        Array.ForEach(reservations, reservation => reservation!.Slice.Release());
    }

    // Killed while it grew: the file is longer than anything that was stored, and not at a step.
    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(Step - 100)]
    public async Task File_that_a_crash_left_within_a_step_is_used_and_grows_on(int moreBytes)
    {
        var index = new ObjectIndex();
        using (var store = StoreOpener.Open(_directory.Path, 4L * Step, index, TimeProvider.System, 1 << 20, out _))
        {
            var generation = StoredObjects.Generation(store, slices: 32, SliceBytes);
            index.Publish(generation);
            for (int number = 0; number < 6; number++)
            {
                await StoredObjects.AddAsync(store, generation, number);
            }
        }

        using (var file = File.OpenHandle(FirstPath, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.SetLength(file, Step + moreBytes);
        }

        var again = new ObjectIndex();
        using var next = StoreOpener.Open(_directory.Path, 4L * Step, again, TimeProvider.System, 1 << 20, out var recovered);
        Assert.Equal((6, 0), (recovered.Slices, recovered.DroppedSlices));
        var restored = Assert.Single(again.Generations);
        for (int number = 6; number < 32; number++)
        {
            await StoredObjects.AddAsync(next, restored, number);
        }

        Assert.Equal((4L * Step, 32), (next.AllocatedBytes, next.SliceCount));
        Assert.Equal(4L * Step, new FileInfo(FirstPath).Length);
    }

    // Up to now segments were allocated whole; a version before this one that is put back leaves such a file behind a short one.
    [Fact]
    public async Task Short_segment_before_another_is_recovered_with_it()
    {
        var index = new ObjectIndex();
        long capacityBytes = ((long)StoreLayout.MaxSegmentBytes) + Step;
        using (var store = StoreOpener.Open(_directory.Path, capacityBytes, index, TimeProvider.System, 1 << 20, out _))
        {
            store.Segments.Add(SegmentFile.CreateOnDisk(
                store, index: 1, _directory.Combine(StoreLayout.SegmentFileName(1)), 2 * Step, 2 * Step));
            var generation = StoredObjects.Generation(store, slices: 32, SliceBytes);
            index.Publish(generation);
            for (int number = 0; number < 16; number++)
            {
                await StoredObjects.AddAsync(store, generation, number);
            }
        }

        var again = new ObjectIndex();
        using var next = StoreOpener.Open(_directory.Path, capacityBytes, again, TimeProvider.System, 1 << 20, out var recovered);

        Assert.Equal((16, 0), (recovered.Slices, recovered.DroppedSlices));
        Assert.Equal(3 * Step, next.AllocatedBytes);
        Assert.Equal((Step, 2 * Step), (next.Segments.At(0)!.FileBytes, next.Segments.At(1)!.FileBytes));
    }
}
