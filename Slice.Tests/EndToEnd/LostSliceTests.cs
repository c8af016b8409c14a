using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Slices of which the disk has lost bytes while the process runs: a segment file that was cut short gives them no more. The client gets
/// the right bytes all the same, and what was lost is fetched like anything else that is missing.
/// </summary>
public sealed class LostSliceTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly TestDirectory _directory = new("lost");

    public void Dispose() => _directory.Dispose();

    // Slices leave in pieces of 1 MiB. Of the one that lies second in the file the first two pieces are there and the third is not; the one
    // before it is whole, and those after it are gone. Which slice lies where is left to the order in which they came.
    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Slice_whose_later_piece_is_lost_goes_on_at_the_byte_that_the_client_has()
    {
        const int SliceBytes = 4 * MiB;
        var file = new RangeFile(4 * SliceBytes);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin, SliceBytes);
        await StoreAsync(proxy, file);

        CutSegment(SliceBytes + (2 * MiB) + (MiB / 2));
        await AssertRightAsync(proxy, file, "HIT");
        await AssertRightAsync(proxy, file, "HIT");

        Assert.Equal(file.LengthBytes + (3 * SliceBytes), await proxy.MetricAsync("bytes_from_origin_total"));
    }

    [Fact]
    public async Task Bytes_that_went_past_the_store_are_told_of_a_client_that_leaves()
    {
        var file = new RangeFile(64 * MiB) { SupportsRanges = false };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin, MiB);
        await StoreAsync(proxy, file);

        CutSegment(0);
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes: 64 << 10))
        {
            await client.SendAsync(RawClient.Request("GET", "/file"));
            await client.ReadHeadAsync();
            await client.ReadBytesAsync(8 * MiB);
            client.Abort();
        }

        await Eventually.TrueAsync(() => proxy.Exchanges.Count == 2, () => "the exchange's end");
        var record = proxy.Exchanges[1];
        Assert.Equal(ExchangeEnding.ClientLeft, record.Ending);
        Assert.InRange(record.BodyBytes, 8 * MiB, file.LengthBytes);
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, int sliceBytes) => ProxyUnderTest.StartAsync(
        origin.Uri,
        sliceBytes,
        options => options with
        {
            Store = new CacheStoreOptions
            {
                OnDisk = true,
                Directory = _directory.Path,
                DiskSizeBytes = StoredObjects.StoreBytesFor(256 * MiB),
            },
        });

    private static async Task StoreAsync(ProxyUnderTest proxy, RangeFile file)
    {
        await AssertRightAsync(proxy, file, "MISS");
        await Eventually.TrueAsync(() => proxy.Exchanges.Count == 1, () => "the exchange's end");
    }

    private void CutSegment(long lengthBytes)
    {
        using var segment = File.OpenHandle(_directory.Combine(StoreLayout.SegmentFileName(0)), FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.SetLength(segment, lengthBytes);
    }

    private static async Task AssertRightAsync(ProxyUnderTest proxy, RangeFile file, string xCache)
    {
        using var sink = new VerifyingSink(file.Content);
        var response = await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, Deadline.Default);
        Assert.Equal((file.LengthBytes, xCache), (sink.Count, response.Field("X-Cache")));
    }
}
