using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A store that takes nothing, because it is full or its disk refuses writes, costs hits: neither bytes of the origin nor its limit.
/// </summary>
public sealed class StoreTakesNothingTests
{
    private const int SliceBytes = 64 << 10;
    private const int Clients = 20;

    // Every client starts before the first byte of the body is there, so that all of them are clients of one cold object.
    [Fact]
    [Trait("Behaviour", "B46")]
    [Trait("Behaviour", "B32")]
    public async Task Disk_that_refuses_writes_leaves_the_limit_and_the_cost_of_a_cold_object_as_they_are()
    {
        using var directory = new TestDirectory("takes-nothing");
        var file = new RangeFile((16 * SliceBytes) + 77);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await all.Task;
            await file.AnswerAsync(exchange);
        });
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, options => options with
        {
            Store = new CacheStoreOptions { OnDisk = true, Directory = directory.Path, DiskSizeBytes = 64 * SliceBytes },
            Limits = options.Limits with { MaxOriginRequests = 2 },
        });
        FullDisk.StrikeUnder(directory.Combine("segment-000000.slices"));

        var downloads = Enumerable.Range(0, Clients).Select(_ => DownloadAsync(proxy, file)).ToArray();
        await Eventually.TrueAsync(() => proxy.Composition.Parts.Meter.ActiveRequests.Value == Clients, () => "all clients to have asked");
        all.SetResult();
        await Task.WhenAll(downloads);

        Assert.InRange(origin.PeakConcurrentRequests, 1, 2);
        Assert.Equal(file.LengthBytes, await proxy.MetricAsync("bytes_from_origin_total"));
    }

    [Fact]
    public async Task Answer_that_the_store_does_not_take_says_so()
    {
        using var directory = new TestDirectory("takes-nothing");
        var file = new RangeFile(4 * SliceBytes);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, options => options with
        {
            Store = new CacheStoreOptions { OnDisk = true, Directory = directory.Path, DiskSizeBytes = 64 * SliceBytes },
        });
        FullDisk.StrikeUnder(directory.Combine("segment-000000.slices"));

        await DownloadAsync(proxy, file, "/first");
        string status = (await proxy.GetAsync("/second")).Field("Cache-Status")!;

        Assert.EndsWith("; detail=store-takes-nothing", status, StringComparison.Ordinal);
        Assert.DoesNotContain("; stored", status, StringComparison.Ordinal);
    }

    private static async Task DownloadAsync(ProxyUnderTest proxy, RangeFile file, string target = "/file")
    {
        using var sink = new VerifyingSink(file.Content);
        await RawClient.GetVerifiedAsync(proxy.EndPoint, target, sink, Deadline.Default);
        Assert.Equal(file.LengthBytes, sink.Count);
    }
}
