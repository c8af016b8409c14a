using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

public sealed class SegmentFileTests : IDisposable
{
    private const int LengthBytes = 16 << 10;

    private readonly TestDirectory _directory = new("segment");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Written_bytes_are_mapped_and_read(bool isOnDisk)
    {
        using IDisposable owner = isOnDisk
            ? SegmentFile.CreateOnDisk(store: null!, index: 0, _directory.Combine("s"), LengthBytes, LengthBytes)
            : SegmentFile.CreateInMemory(store: null!, index: 0, LengthBytes);
        var segment = (SegmentFile)owner;
        byte[] content = TestContent.Bytes(0, 5000, seed: 1);

        await segment.WriteAsync(content, 4096, TestContext.Current.CancellationToken);

        Assert.Equal(content, segment.Map(4096, 5000).ToArray());
        var read = new byte[5000];
        Assert.Equal(5000, segment.Read(read, 4096));
        Assert.Equal(content, read);
        Assert.Equal(0, segment.Map(4095, 1).Span[0]);
        Assert.Equal(0, segment.Map(9096, 1).Span[0]);
    }

    [Fact]
    public void Segment_on_disk_has_its_length_at_once()
    {
        using IDisposable segment = SegmentFile.CreateOnDisk(store: null!, index: 0, _directory.Combine("s"), LengthBytes, LengthBytes);
        Assert.Equal(LengthBytes, new FileInfo(_directory.Combine("s")).Length);
    }

    [Fact]
    public void Read_of_a_file_that_was_cut_short_gives_what_there_is()
    {
        using IDisposable owner = SegmentFile.CreateOnDisk(store: null!, index: 0, _directory.Combine("s"), LengthBytes, LengthBytes);
        using (var file = File.OpenHandle(_directory.Combine("s"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(file, 5000);
        }

        Assert.Equal(904, ((SegmentFile)owner).Read(new byte[4096], 4096));
        Assert.Equal(0, ((SegmentFile)owner).Read(new byte[4096], 8192));
    }

    // A write beyond the new end would make the file longer again, with zeros where the bytes of other slices were.
    [Fact]
    public async Task Write_to_a_file_that_was_cut_short_is_an_io_error_and_leaves_it_short()
    {
        string path = _directory.Combine("s");
        using IDisposable owner = SegmentFile.CreateOnDisk(store: null!, index: 0, path, LengthBytes, LengthBytes);
        var segment = (SegmentFile)owner;
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(file, 5000);
        }

        var error = Assert.Throws<IOException>(segment.CheckLength);
        await Assert.ThrowsAsync<IOException>(() => segment.WriteAsync(new byte[10], 8192, TestContext.Current.CancellationToken).AsTask());

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.True(segment.WasCutShort);
        Assert.Equal(5000, new FileInfo(path).Length);
    }

    // fstat(2) on a handle of NFS that has gone stale answers ESTALE. Callers bring pages in on threads of their own.
    [Fact]
    [Trait("Behaviour", "B46")]
    public void Pages_of_a_file_whose_handle_is_stale_cannot_be_brought_in()
    {
        using IDisposable owner = SegmentFile.CreateOnDisk(store: null!, index: 0, _directory.Combine("s"), LengthBytes, LengthBytes);
        var segment = (SegmentFile)owner;
        Assert.True(segment.BringIn(0, LengthBytes));
        segment.Watch!.StateOf = _ => throw new IOException("Stale file handle");
        Assert.False(segment.BringIn(0, LengthBytes));
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Slice_in_a_segment_that_was_cut_short_is_refused_at_its_first_byte_and_leaves_it_short()
    {
        using var store = StoredObjects.OpenStore(_directory.Path, LengthBytes, TimeProvider.System);
        var reservation = (await store.ReserveAsync(5000))!;
        string path = _directory.Combine(StoreLayout.SegmentFileName(0));
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(file, 100);
        }

        await Assert.ThrowsAsync<IOException>(() => reservation.WriteAsync(new byte[4096], 0).AsTask());

        Assert.Equal(100, new FileInfo(path).Length);
        Assert.True(reservation.Slice.Segment.WasCutShort);
        Assert.True(store.Writing.IsStopped);
        await Assert.ThrowsAsync<IOException>(() => reservation.WriteAsync(new byte[4096], 0).AsTask());
        Assert.Equal(100, new FileInfo(path).Length);
    }

    // Once before the first write of a slice, and before and after each write: what others do in between must not look like ours.
    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task State_of_the_file_is_asked_for_around_each_write()
    {
        using var store = StoredObjects.OpenStore(_directory.Path, LengthBytes, TimeProvider.System);
        int asked = 0;
        store.Segments.At(0)!.Watch!.StateOf = file =>
        {
            asked++;
            return FileState.Of(file);
        };
        var reservation = (await store.ReserveAsync(5000))!;
        for (int at = 0; at < 5000; at += 500)
        {
            await reservation.WriteAsync(new byte[500], at);
        }

        Assert.Equal(1 + (2 * 10), asked);
    }

    [Fact]
    public async Task Write_on_a_full_disk_is_an_io_error()
    {
        using IDisposable owner = SegmentFile.CreateOnDisk(store: null!, index: 0, _directory.Combine("s"), LengthBytes, LengthBytes);
        FullDisk.StrikeUnder(_directory.Combine("s"));
        await Assert.ThrowsAsync<IOException>(() =>
            ((SegmentFile)owner).WriteAsync(new byte[10], 0, TestContext.Current.CancellationToken).AsTask());
    }

    [Fact]
    public void Segment_whose_blocks_are_refused_is_named()
    {
        // A device takes no preallocation: for fallocate(2) as good as a full disk.
        string path = _directory.Combine("s");
        File.CreateSymbolicLink(path, "/dev/full");

        var error = Assert.Throws<IOException>(() => SegmentFile.Open(store: null!, index: 0, path, LengthBytes, LengthBytes));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("fallocate", error.Message, StringComparison.Ordinal);
    }
}
