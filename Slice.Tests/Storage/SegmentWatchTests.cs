using Microsoft.Extensions.Time.Testing;
using Microsoft.Win32.SafeHandles;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

/// <summary>What somebody else does to a segment's file is told apart from our own writes.</summary>
public sealed class SegmentWatchTests : IDisposable
{
    private const int SegmentBytes = 64 << 10;
    private const int SliceBytes = 8 << 10;

    private readonly TestDirectory _directory = new("segment-watch");
    private readonly FakeTimeProvider _time = new();
    private readonly SliceStore _store;

    public SegmentWatchTests() => _store = StoredObjects.OpenStore(_directory.Path, SegmentBytes, _time);

    private SegmentWatch Watch => _store.Segments.At(0)!.Watch!;

    private string Path => _directory.Combine(StoreLayout.SegmentFileName(0));

    public void Dispose()
    {
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Own_writes_also_those_that_overlap_are_no_change()
    {
        var slices = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => StoredObjects.FillAsync(_store, SliceBytes))));
        Watch.Look();

        Assert.Equal(1, Watch.Epoch);
        Assert.All(slices, slice => Assert.True(slice.IsVerified));
    }

    [Fact]
    public async Task Change_between_two_own_writes_is_noticed_though_the_second_hides_it()
    {
        var reservation = (await _store.ReserveAsync(SliceBytes))!;
        await reservation.WriteAsync(new byte[SliceBytes / 2], 0);
        OverwriteVisibly();
        await reservation.WriteAsync(new byte[SliceBytes / 2], SliceBytes / 2);

        Assert.Equal(2, Watch.Epoch);
        Assert.False(reservation.Slice.IsVerified);
    }

    [Fact]
    public async Task Bytes_in_memory_are_looked_at_when_the_last_look_is_old_enough()
    {
        var slice = await StoredObjects.FillAsync(_store, SliceBytes);
        OverwriteVisibly();

        _time.Advance(SegmentWatch.Interval - TimeSpan.FromTicks(1));
        Assert.True(slice.IsStillVerified());
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(slice.IsStillVerified());
        Assert.False(SliceVerification.Verify(slice));
    }

    [Fact]
    public async Task Slice_that_agrees_is_verified_until_the_next_change()
    {
        var slice = await StoredObjects.FillAsync(_store, SliceBytes);
        for (int change = 0; change < 3; change++)
        {
            Touch();
            Watch.Look();
            Assert.False(slice.IsVerified);
            Assert.True(SliceVerification.Verify(slice));
            Assert.True(slice.IsVerified);
        }
    }

    // As when a write of our own came between the cut and the look, in the same tick of the kernel's clock.
    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Cut_that_our_own_writes_hide_is_found_by_its_zeros_and_all_else_is_compared()
    {
        var slice = await StoredObjects.FillAsync(_store, SliceBytes, seed: 1);
        var other = await StoredObjects.FillAsync(_store, SliceBytes, seed: 2);
        using var file = Open();
        var state = FileState.Of(file);
        Watch.StateOf = _ => state;
        Watch.Look();
        int epoch = Watch.Epoch;
        Assert.True(SliceVerification.Verify(slice) && SliceVerification.Verify(other));
        RandomAccess.SetLength(file, slice.OffsetBytes + 100);
        RandomAccess.SetLength(file, SegmentBytes);

        Assert.False(SliceVerification.BringIn(slice, 200, 4096));
        Assert.Equal(epoch + 1, Watch.Epoch);
        Assert.False(other.IsVerified);
        Assert.Equal(other.OffsetBytes < slice.OffsetBytes, SliceVerification.BringIn(other, 0, SliceBytes));
    }

    [Fact]
    public async Task Slice_of_zeros_is_compared_and_good()
    {
        var reservation = (await _store.ReserveAsync(SliceBytes))!;
        await reservation.WriteAsync(new byte[SliceBytes], 0);
        reservation.Slice.Checksum = SliceChecksum.OfStored(reservation.Slice);

        Assert.True(SliceVerification.BringIn(reservation.Slice, 0, SliceBytes));
        Assert.Equal(1, Watch.Epoch);
    }

    // Of one write it is made at once, of several from a state that goes along, and of bytes that were written again from the disk.
    [Theory]
    [InlineData(0, SliceBytes)]
    [InlineData(0, 1, 1, SliceBytes - 1)]
    [InlineData(0, SliceBytes - 1, SliceBytes - 1, 1)]
    [InlineData(0, SliceBytes, 0, SliceBytes)]
    [InlineData(0, SliceBytes, SliceBytes - 10, 10)]
    [InlineData(0, 100, 50, SliceBytes - 50)]
    public async Task Checksum_is_that_of_the_bytes_however_they_were_written(params int[] writes)
    {
        byte[] content = TestContent.Bytes(0, SliceBytes, seed: 1);
        var reservation = (await _store.ReserveAsync(SliceBytes))!;
        for (int write = 0; write < writes.Length; write += 2)
        {
            await reservation.WriteAsync(content.AsMemory(writes[write], writes[write + 1]), writes[write]);
        }

        Assert.True(reservation.Commit(StoredObjects.Generation(_store, slices: 1, SliceBytes), 0));
        Assert.Equal(SliceChecksum.Of(content), reservation.Slice.Checksum);
    }

    // After so many changes nothing is taken for verified any more, rather than counting from the start.
    [Fact]
    public async Task Last_epoch_compares_at_every_use()
    {
        var slice = await StoredObjects.FillAsync(_store, SliceBytes);
        for (int change = 1; change < SegmentWatch.MaxEpoch + 5; change++)
        {
            Watch.Distrust(Watch.Epoch);
        }

        Assert.Equal(SegmentWatch.MaxEpoch, Watch.Epoch);
        Assert.True(SliceVerification.Verify(slice));
        Assert.False(slice.IsVerified);
        Assert.True(SliceVerification.Verify(slice));
    }

    [Fact]
    public async Task File_that_cannot_be_asked_for_its_state_stops_nothing_that_is_in_memory()
    {
        var slice = await StoredObjects.FillAsync(_store, SliceBytes);
        Watch.StateOf = _ => throw new IOException("Stale file handle");
        _time.Advance(SegmentWatch.Interval);

        Assert.True(slice.IsStillVerified());
        Assert.False(SliceVerification.BringIn(slice, 0, SliceBytes));
        Assert.Throws<IOException>(Watch.CheckLength);
    }

    private SafeFileHandle Open() => File.OpenHandle(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);

    private void Touch() => ChangeVisibly(file => File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch));

    private void OverwriteVisibly() =>
        ChangeVisibly(file => RandomAccess.Write(file, Enumerable.Repeat((byte)0xEE, SegmentBytes).ToArray(), 0));

    // Again until it shows: the kernel's clock has ticks.
    private void ChangeVisibly(Action<SafeFileHandle> change)
    {
        using var file = Open();
        for (var before = FileState.Of(file); FileState.Of(file) == before;)
        {
            change(file);
        }
    }
}
