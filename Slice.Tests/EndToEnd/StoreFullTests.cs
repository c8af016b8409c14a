using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A store too small for what is asked for costs hits, never a byte.</summary>
public sealed class StoreFullTests
{
    private const int SliceBytes = 64 << 10;

    [Fact]
    [Trait("Behaviour", "B47")]
    public async Task Object_larger_than_the_store_streams_byte_exact()
    {
        var file = new RangeFile((64 * SliceBytes) + 77);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin, storeBytes: 8 * SliceBytes);

        for (int request = 0; request < 2; request++)
        {
            using var sink = new VerifyingSink(file.Content);
            await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, Deadline.Default);
            Assert.Equal(file.LengthBytes, sink.Count);
        }

        Assert.InRange(await proxy.MetricAsync("cache_bytes"), 1, 8 * SliceBytes);
    }

    [Fact]
    public async Task Many_clients_of_an_object_larger_than_the_store_get_every_byte()
    {
        var file = new RangeFile(32 * SliceBytes);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin, storeBytes: 4 * SliceBytes);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(async client =>
        {
            using var sink = new VerifyingSink(file.Content);
            await RawClient.GetVerifiedAsync(proxy.EndPoint, $"/file{client % 3}", sink, Deadline.Default);
            Assert.Equal(file.LengthBytes, sink.Count);
        }));
    }

    [Fact]
    public async Task Slice_larger_than_the_store_is_streamed_past_it()
    {
        var file = new RangeFile(5 * SliceBytes);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin, storeBytes: SliceBytes / 2);

        using var sink = new VerifyingSink(file.Content);
        var response = await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, Deadline.Default);
        using var rangeSink = new VerifyingSink(file.Content, start: 100_000);
        await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", rangeSink, Deadline.Default, "Range: bytes=100000-199999");

        Assert.Equal("HTTP/1.1 200 OK", response.StatusLine);
        Assert.Equal(file.LengthBytes, sink.Count);
        Assert.Equal(100_000, rangeSink.Count);
    }

    [Fact]
    public async Task Slow_reader_keeps_its_bytes_while_others_evict()
    {
        var file = new RangeFile(256 * SliceBytes);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin, storeBytes: 8 * SliceBytes);
        using var slow = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes: 4 << 10);
        await slow.SendAsync(RawClient.Request("GET", "/slow"));
        await slow.ReadHeadAsync();

        // Other objects have other bytes: what evicts the slow reader's slices would show.
        var other = new RangeFile(24 * SliceBytes, seed: 9);
        origin.Answer = exchange => exchange.Request.Target == "/slow" ? file.AnswerAsync(exchange) : other.AnswerAsync(exchange);
        for (int client = 0; client < 4; client++)
        {
            using var sink = new VerifyingSink(other.Content);
            await RawClient.GetVerifiedAsync(proxy.EndPoint, $"/other{client}", sink, Deadline.Default);
            Assert.Equal(other.LengthBytes, sink.Count);
        }

        // A request is counted off after its last byte, which is all that its client sees.
        var active = proxy.Instance.Parts.Meter.ActiveRequests;
        await Eventually.TrueAsync(() => active.Value == 1, () => $"{active.Value} requests");
        using var slowSink = new VerifyingSink(file.Content);
        slowSink.Append(await slow.ReadBytesAsync((int)file.LengthBytes));
        Assert.Equal(file.LengthBytes, slowSink.Count);
    }

    [Fact]
    public async Task Evicted_slices_are_fetched_again()
    {
        var file = new RangeFile(4 * SliceBytes);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin, storeBytes: 6 * SliceBytes);
        foreach (string target in new[] { "/a", "/b", "/a", "/b" })
        {
            using var sink = new VerifyingSink(file.Content);
            await RawClient.GetVerifiedAsync(proxy.EndPoint, target, sink, Deadline.Default);
            Assert.Equal(file.LengthBytes, sink.Count);
        }

        Assert.InRange(origin.RequestCount, 9, 16);
    }

    [Fact]
    public async Task Cache_that_is_off_still_slices_and_keeps_nothing()
    {
        var file = new RangeFile((8 * SliceBytes) + 1);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, options => options with { EnableCache = false });

        for (int request = 1; request <= 2; request++)
        {
            using var sink = new VerifyingSink(file.Content);
            await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, Deadline.Default);
            Assert.Equal(request * 9, origin.RequestCount);
        }

        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_bytes") == 0, () => "the store is empty");
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, long storeBytes) => ProxyUnderTest.StartAsync(
        origin.Uri, SliceBytes, options => options with { Store = new CacheStoreOptions { MemorySizeBytes = storeBytes } });
}
