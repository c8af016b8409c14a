using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Slices whose bytes have left memory, or the disk, are sent byte by byte or not at all.</summary>
public sealed class ColdDiskTests
{
    private const int SliceBytes = 2 << 20;
    private const int Slices = 8;

    [Fact]
    public async Task Slices_that_have_left_memory_come_whole_from_the_disk()
    {
        using var directory = new TestDirectory("cold-disk");
        var file = new RangeFile((long)SliceBytes * Slices);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri,
            SliceBytes,
            options => options with
            {
                Store = new CacheStoreOptions { OnDisk = true, Directory = directory.Path, DiskSizeBytes = 64 << 20 },
            });

        // One byte of each fills the store; sending whole slices would keep their pages mapped, and mapped pages stay.
        for (int slice = 0; slice < Slices; slice++)
        {
            await proxy.GetAsync("/file", $"Range: bytes={slice * SliceBytes}-{slice * SliceBytes}");
        }

        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_entries") == Slices, () => "all slices are stored");
        foreach (string segment in Directory.GetFiles(directory.Path).Where(path => new FileInfo(path).Length > SliceBytes))
        {
            PageCache.Drop(segment);
        }

        using var sink = new VerifyingSink(file.Content);
        RawResponse response = await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, Deadline.Default);

        Assert.Equal("HIT", response.Field("X-Cache"));
        Assert.Equal((long)SliceBytes * Slices, sink.Count);
        Assert.Equal(Slices, file.RequestCount);
        Assert.InRange(await proxy.MetricAsync("cache_disk_waits_total"), 1, 2 * Slices);
        Assert.InRange(await proxy.MetricAsync("cache_disk_reads_ahead_total"), 1, 2 * Slices);
    }

    [Fact]
    public async Task Cold_range_reads_its_own_pages_and_nothing_around_them()
    {
        const int at = SliceBytes + (SliceBytes / 2);
        const int length = 64 << 10;
        using var directory = new TestDirectory("cold-range");
        var file = new RangeFile((long)SliceBytes * Slices);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri,
            SliceBytes,
            options => options with
            {
                Store = new CacheStoreOptions { OnDisk = true, Directory = directory.Path, DiskSizeBytes = 64 << 20 },
            });
        await proxy.GetAsync("/file", $"Range: bytes={SliceBytes}-{SliceBytes}");
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_entries") == 1, () => "the slice is stored");
        string segment = Directory.GetFiles(directory.Path).Single(path => new FileInfo(path).Length > SliceBytes);
        PageCache.Drop(segment);
        long before = PageCache.ResidentBytes(segment);

        RawResponse response = await proxy.GetAsync("/file", $"Range: bytes={at}-{at + length - 1}");

        Assert.Equal("HIT", response.Field("X-Cache"));
        Assert.Equal(length, PageCache.ResidentBytes(segment) - before);
        Assert.Equal(1, await proxy.MetricAsync("cache_disk_waits_total"));
        Assert.Equal(0, await proxy.MetricAsync("cache_disk_reads_ahead_total"));
    }

    // Every answer is right or visibly cut, and in the end everything is right again, past the segment that is of no use any more.
    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Segment_cut_short_under_a_running_instance_never_gives_wrong_bytes()
    {
        using var directory = new TestDirectory("cut-disk");
        var file = new RangeFile((long)SliceBytes * Slices);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri,
            SliceBytes,
            options => options with
            {
                Store = new CacheStoreOptions { OnDisk = true, Directory = directory.Path, DiskSizeBytes = 64 << 20 },
            });
        await proxy.GetAsync("/before");
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_entries") == Slices, () => "all slices are stored");
        foreach (string segment in Directory.GetFiles(directory.Path).Where(path => new FileInfo(path).Length > SliceBytes))
        {
            using var handle = File.OpenHandle(segment, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            RandomAccess.SetLength(handle, SliceBytes / 2);
        }

        var endings = new List<ResponseEnding>();
        for (int attempt = 0; attempt < 2 * (Slices + 1); attempt++)
        {
            foreach (string target in (string[])["/after", "/before"])
            {
                using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);
                await client.SendAsync(RawClient.Request("GET", target));
                using var sink = new VerifyingSink(file.Content);
                RawResponse response = await client.ReadVerifiedEndingAsync(sink);
                endings.Add(response.Ending);
                Assert.Equal(response.Ending == ResponseEnding.Complete, sink.Count == (long)SliceBytes * Slices);
            }
        }

        Assert.Equal([ResponseEnding.Complete, ResponseEnding.Complete], endings[^2..]);
    }
}
