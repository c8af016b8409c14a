using System.Collections.Concurrent;
using Slice.Core.Storage;
using Slice.Net.Delivery;
using Slice.Tests.Support;

namespace Slice.Tests.Delivery;

/// <summary>Bytes that only the disk has are seen to be missing, and are brought in elsewhere than on a connection's thread.</summary>
public sealed class PageResidencyTests : IDisposable
{
    private const int SliceBytes = 1 << 20;

    private readonly TestDirectory _directory = new("residency");
    private readonly SliceStore _store;

    public PageResidencyTests() => _store = StoredObjects.OpenStore(_directory.Path, 64 << 20, TimeProvider.System);

    public void Dispose()
    {
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Slice_just_written_is_resident()
    {
        StoredSlice slice = await StoreSliceAsync();
        Assert.True(slice.IsResident(0, SliceBytes));
        slice.Release();
    }

    [Fact]
    public async Task Slice_that_only_the_disk_has_is_brought_in()
    {
        StoredSlice slice = await StoreSliceAsync();
        PageCache.Drop(SegmentPath());
        Assert.False(slice.IsResident(0, SliceBytes));

        using var residency = new PageResidency();
        bool isThere = await Deadline.WithinAsync(
            residency.BringInAsync(new PageWish(), slice, 0, SliceBytes).AsTask(), "bytes from the disk");

        Assert.True(isThere);
        Assert.True(slice.IsResident(0, SliceBytes));
        slice.Release();
    }

    [Fact]
    public async Task Part_that_reaches_into_missing_pages_is_not_resident()
    {
        StoredSlice slice = await StoreSliceAsync();
        PageCache.Drop(SegmentPath());
        const int half = SliceBytes / 2;
        await slice.WriteAsync(TestContent.Bytes(half, half, seed: 1), half, TestContext.Current.CancellationToken);

        Assert.False(slice.IsResident(0, SliceBytes));
        Assert.True(slice.IsResident(half, half));
        Assert.True(slice.IsResident(half, 1));
        Assert.False(slice.IsResident(half - 1, 1));
        Assert.False(slice.IsResident(half - 1, 2));
        slice.Release();
    }

    [Fact]
    public async Task Slice_whose_file_was_cut_short_cannot_be_brought_in()
    {
        StoredSlice slice = await StoreSliceAsync();
        using (var file = File.OpenHandle(SegmentPath(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(file, SliceBytes / 2);
        }

        using var residency = new PageResidency();
        Assert.False(await Deadline.WithinAsync(residency.BringInAsync(new PageWish(), slice, 0, SliceBytes).AsTask(), "an answer"));
        slice.Release();
    }

    // What lies behind the cut in the same page reads as zeros through the mapping.
    [Fact]
    public async Task Slice_whose_file_was_cut_short_inside_a_page_cannot_be_brought_in()
    {
        StoredSlice slice = await StoreSliceAsync();
        PageCache.Drop(SegmentPath());
        using (var file = File.OpenHandle(SegmentPath(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(file, SliceBytes - 1);
        }

        Assert.False(slice.BringIn(SliceBytes - 4096, 4096));
        Assert.True(slice.BringIn(0, SliceBytes - 4096));
        slice.Release();
    }

    // Linux before 5.14 has no other way.
    [Fact]
    public async Task Slice_is_brought_in_by_reading_too()
    {
        StoredSlice slice = await StoreSliceAsync();
        PageCache.Drop(SegmentPath());

        Assert.True(slice.Segment.BringInByReading(slice.OffsetBytes, SliceBytes));
        Assert.True(slice.IsResident(0, SliceBytes));

        using (var file = File.OpenHandle(SegmentPath(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(file, SliceBytes / 2);
        }

        Assert.False(slice.Segment.BringInByReading(slice.OffsetBytes, SliceBytes));
        slice.Release();
    }

    // A mapping's missing page is read with the device's readahead around it, up to megabytes.
    [Fact]
    public async Task Nothing_around_the_wanted_bytes_is_read()
    {
        StoredSlice slice = await StoreSliceAsync();
        PageCache.Drop(SegmentPath());
        const int wanted = 64 << 10;

        Assert.True(slice.BringIn(SliceBytes / 2, wanted));

        Assert.True(slice.IsResident(SliceBytes / 2, wanted));
        Assert.False(slice.IsResident((SliceBytes / 2) - 4096, 4096));
        Assert.False(slice.IsResident((SliceBytes / 2) + wanted, 4096));
        slice.Release();
    }

    [Fact]
    public async Task After_disposal_nothing_is_brought_in()
    {
        StoredSlice slice = await StoreSliceAsync();
        var residency = new PageResidency();
        residency.Dispose();
        Assert.False(await Deadline.WithinAsync(residency.BringInAsync(new PageWish(), slice, 0, SliceBytes).AsTask(), "an answer"));
        slice.Release();
    }

    // Thrown on a thread of ours, an exception that nobody catches ends the process: an fstat(2) of a stale NFS handle is enough.
    [Fact]
    public async Task Work_that_throws_costs_itself_and_not_the_process()
    {
        StoredSlice slice = await StoreSliceAsync();
        var failures = new ConcurrentQueue<Exception>();
        using var residency = new PageResidency { WorkFailed = failures.Enqueue };
        var work = Enumerable.Range(0, 40).Select(_ => new ThrowingWork()).ToArray();
        foreach (var piece in work)
        {
            residency.RunAhead(piece);
        }

        await Deadline.WithinAsync(Task.WhenAll(work.Select(piece => piece.Abandoned)), "every piece to be given up");
        Assert.True(await Deadline.WithinAsync(residency.BringInAsync(new PageWish(), slice, 0, 4096).AsTask(), "an answer after it"));
        slice.Release();

        await Eventually.TrueAsync(() => failures.Count == work.Length, () => $"a word for each; {failures.Count}");
        Assert.All(failures, failure => Assert.IsType<IOException>(failure));
    }

    [Fact]
    public async Task Many_wishes_at_once_are_all_answered()
    {
        StoredSlice slice = await StoreSliceAsync();
        using var residency = new PageResidency();
        Task<bool>[] wishes =
            [.. Enumerable.Range(0, 500).Select(index => residency.BringInAsync(new PageWish(), slice, index * 100, 4096).AsTask())];
        Assert.All(await Deadline.WithinAsync(Task.WhenAll(wishes), "500 answers"), Assert.True);
        slice.Release();
    }

    [Fact]
    public async Task Wish_is_made_again_and_again_but_once_at_a_time()
    {
        StoredSlice slice = await StoreSliceAsync();
        var residency = new PageResidency();
        var wish = new PageWish();
        for (int time = 0; time < 100; time++)
        {
            Assert.True(await Deadline.WithinAsync(residency.BringInAsync(wish, slice, time, 1).AsTask(), "an answer"));
        }

        residency.Dispose();
        Assert.False(await residency.BringInAsync(wish, slice, 0, 1));
        Task<bool> waiting = wish.Make(slice, 0, 1).AsTask();
        await Assert.ThrowsAsync<InvalidOperationException>(() => wish.Make(slice, 0, 1).AsTask());
        wish.Abandon();
        Assert.False(await waiting);
        slice.Release();
    }

    private sealed class ThrowingWork : PageWork
    {
        private readonly TaskCompletionSource _abandoned = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Abandoned => _abandoned.Task;

        public override void Run() => throw new IOException("stale handle");

        public override void Abandon() => _abandoned.SetResult();
    }

    private string SegmentPath() => Directory.GetFiles(_directory.Path).Single(path => new FileInfo(path).Length > SliceBytes);

    private Task<StoredSlice> StoreSliceAsync() => StoredObjects.FillAsync(_store, SliceBytes, seed: 1);
}
