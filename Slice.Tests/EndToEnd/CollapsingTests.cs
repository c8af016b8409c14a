using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Clients that miss the same slice make one request at the origin, and a fetch outlives the client that began it (B32, B33).
/// </summary>
public sealed class CollapsingTests
{
    private const int SliceBytes = 64 << 10;
    private const int Clients = 100;

    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    [Trait("Behaviour", "B32")]
    public async Task Hundred_clients_of_a_cold_object_cost_the_origin_every_byte_once()
    {
        var file = new RangeFile((16 * SliceBytes) + 123) { Fault = RangeFile.OnRequest(1, new RangeFault { HeadGate = _gate.Task }) };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        var downloads = Enumerable.Range(0, Clients).Select(_ => DownloadAsync(proxy, file)).ToArray();
        await ActiveAsync(proxy, Clients);

        _gate.SetResult();
        await Task.WhenAll(downloads);

        Assert.Equal(file.LengthBytes, file.ContentBytesSent);
        Assert.Equal(17, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B32")]
    public async Task Followers_have_what_has_landed_while_the_origin_holds_the_rest_back()
    {
        var file = new RangeFile(SliceBytes) { Fault = _ => new RangeFault { PauseAfterBytes = SliceBytes / 2, BodyGate = _gate.Task } };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);

        var firstHalves = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => ReadFirstHalfAsync(proxy)));
        Assert.False(_gate.Task.IsCompleted);
        Assert.Equal(SliceBytes / 2, file.ContentBytesSent);

        _gate.SetResult();
        await Task.WhenAll(firstHalves.Select(ReadSecondHalfAsync));
        Assert.Equal(1, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B32")]
    public async Task Follower_that_comes_late_has_the_bytes_that_landed_before_it()
    {
        var file = new RangeFile(SliceBytes) { Fault = _ => new RangeFault { PauseAfterBytes = SliceBytes / 2, BodyGate = _gate.Task } };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        using var leader = await ReadFirstHalfAsync(proxy);

        using var follower = await ReadFirstHalfAsync(proxy);
        var range = await proxy.GetAsync("/file", "Range: bytes=100-199");

        Assert.Equal(TestContent.Bytes(100, 100, file.Seed), range.Body);
        Assert.Equal(1, origin.RequestCount);
        _gate.SetResult();
        await ReadSecondHalfAsync(follower);
    }

    [Fact]
    [Trait("Behaviour", "B33")]
    public async Task Client_that_leaves_mid_slice_lets_the_slice_in_flight_complete_and_drops_the_queued_ones()
    {
        var file = new RangeFile(4 * SliceBytes)
        {
            Fault = RangeFile.OnRequest(1, new RangeFault { PauseAfterBytes = SliceBytes / 2, BodyGate = _gate.Task }),
        };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, SliceBytes, options => options with { Limits = options.Limits with { MaxOriginRequests = 1 } });
        using (await ReadFirstHalfAsync(proxy))
        {
        }

        await ActiveAsync(proxy, 0);
        _gate.SetResult();

        // The permit goes to those who wait for it in their order: the abandoned slices had their turn before this one.
        var other = await proxy.GetAsync("/other", "Range: bytes=0-0");
        Assert.Equal(206, other.StatusCode);
        Assert.Equal(["/file", "/other"], origin.Requests.Select(request => request.Target));
        var stored = await proxy.GetAsync("/file", $"Range: bytes=0-{SliceBytes - 1}");
        Assert.Equal("HIT", stored.Field("X-Cache"));
        Assert.Equal(TestContent.Bytes(0, SliceBytes, file.Seed), stored.Body);
        Assert.Equal(2, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B33")]
    public async Task Followers_go_on_when_the_client_that_began_leaves()
    {
        var file = new RangeFile(SliceBytes) { Fault = _ => new RangeFault { PauseAfterBytes = SliceBytes / 2, BodyGate = _gate.Task } };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        var leader = await ReadFirstHalfAsync(proxy);
        using var follower = await ReadFirstHalfAsync(proxy);

        leader.Abort();
        await ActiveAsync(proxy, 1);
        _gate.SetResult();

        await ReadSecondHalfAsync(follower);
        Assert.Equal(1, origin.RequestCount);
    }

    [Fact]
    public async Task Client_that_joins_a_object_fetch_about_a_range_past_the_end_gets_its_own_range()
    {
        var file = new RangeFile(16) { Fault = RangeFile.OnRequest(1, new RangeFault { HeadGate = _gate.Task }) };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        var pastTheEnd = proxy.GetAsync("/file", "Range: bytes=400-");
        await origin.RequestsArrivedAsync(1);
        var range = proxy.GetAsync("/file", "Range: bytes=2-5");
        var whole = proxy.GetAsync("/file");
        await ActiveAsync(proxy, 3);

        _gate.SetResult();

        Assert.Equal((416, "bytes */16"), ((await pastTheEnd).StatusCode, (await pastTheEnd).Field("Content-Range")));
        Assert.Equal((206, "bytes 2-5/16"), ((await range).StatusCode, (await range).Field("Content-Range")));
        Assert.Equal(TestContent.Bytes(2, 4, file.Seed), (await range).Body);
        Assert.Equal(TestContent.Bytes(0, 16, file.Seed), (await whole).Body);
    }

    private static async Task DownloadAsync(ProxyUnderTest proxy, RangeFile file)
    {
        using var sink = new VerifyingSink(file.Content);
        await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, Deadline.Default);
        Assert.Equal(file.LengthBytes, sink.Count);
    }

    private static async Task<RawClient> ReadFirstHalfAsync(ProxyUnderTest proxy)
    {
        var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        Assert.Equal(200, (await client.ReadHeadAsync()).StatusCode);
        Assert.Equal(TestContent.Bytes(0, SliceBytes / 2, seed: 1), await client.ReadBytesAsync(SliceBytes / 2));
        return client;
    }

    private static async Task ReadSecondHalfAsync(RawClient client)
    {
        Assert.Equal(TestContent.Bytes(SliceBytes / 2, SliceBytes / 2, seed: 1), await client.ReadBytesAsync(SliceBytes / 2));
        client.Dispose();
    }

    private static Task ActiveAsync(ProxyUnderTest proxy, int requests) => Eventually.TrueAsync(
        () => proxy.Instance.Parts.Meter.ActiveRequests.Value == requests, $"{requests} active requests");
}
