using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Slices whose bytes have left memory are sent from the disk, byte by byte, as any others.</summary>
public sealed class ColdDiskTests
{
    private const int SliceBytes = 2 << 20;
    private const int Slices = 3;

    [Fact]
    public async Task Slices_that_have_left_memory_come_whole_from_the_disk()
    {
        using var directory = new TestDirectory("cold-disk");
        var file = new RangeFile((long)SliceBytes * Slices);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, SliceBytes, options => options with { Store = new CacheStoreOptions { OnDisk = true, Directory = directory.Path, DiskSizeBytes = 64 << 20 } });

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
    }
}
