using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The slices behind a range are fetched for a client that reads an object range by range, and for nobody else.</summary>
public sealed class PrefetchTests : IAsyncDisposable
{
    private const int SliceBytes = 64;
    private const int RangeSlices = 2;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RangeFile _file = new(16 * SliceBytes);
    private readonly ScriptedOrigin _origin;

    public PrefetchTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    [Fact]
    public async Task Range_that_goes_on_where_one_ended_has_the_slices_behind_it_fetched()
    {
        await using var proxy = await StartAsync(prefetchSlices: 2);
        await GetRangeAsync(proxy, 0);
        Assert.Equal(2, _origin.RequestCount);

        await GetRangeAsync(proxy, 1);
        await StoredAsync(proxy, 6);
        await GetRangeAsync(proxy, 2);
        await StoredAsync(proxy, 8);

        Assert.Equal(8, _origin.RequestCount);
        Assert.Equal(4, await proxy.MetricAsync("prefetched_slices_total"));
    }

    [Fact]
    public async Task End_of_the_object_is_the_end()
    {
        await using var proxy = await StartAsync(prefetchSlices: 64);
        await GetRangeAsync(proxy, 5);
        await GetRangeAsync(proxy, 6);
        await StoredAsync(proxy, 6);

        await GetRangeAsync(proxy, 7);

        Assert.Equal(6, _origin.RequestCount);
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(2, 0, 2)]
    [InlineData(2, 3, 2)]
    [InlineData(2, 3, 3)]
    public async Task Nothing_is_fetched_ahead_when_it_is_off_or_the_reader_jumps(int prefetchSlices, int first, int second)
    {
        await using var proxy = await StartAsync(prefetchSlices);
        await GetRangeAsync(proxy, first);
        await GetRangeAsync(proxy, second);

        await Settled.RisingAsync(() => _origin.RequestCount, "requests");

        Assert.Equal(first == second ? 2 : 4, _origin.RequestCount);
    }

    [Fact]
    public async Task Nothing_is_fetched_ahead_of_what_is_not_kept()
    {
        _file.ExtraFields = ["Cache-Control: no-store"];
        await using var proxy = await StartAsync(prefetchSlices: 2);
        await GetRangeAsync(proxy, 0);
        await GetRangeAsync(proxy, 1);

        await Settled.RisingAsync(() => _origin.RequestCount, "requests");

        Assert.Equal(0, await proxy.MetricAsync("prefetched_slices_total"));
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Nothing_is_fetched_ahead_while_others_have_the_turns_at_the_origin()
    {
        var released = new TaskCompletionSource();
        await using var proxy = await StartAsync(prefetchSlices: 2, maxOriginRequests: 1);
        await proxy.GetAsync("/file", $"Range: bytes=0-{(4 * SliceBytes) - 1}");
        _origin.Answer = async exchange =>
        {
            await exchange.WaitAsync(released.Task);
            await _file.AnswerAsync(exchange);
        };
        var other = proxy.GetAsync("/other", "Range: bytes=0-0");
        await _origin.RequestsArrivedAsync(5);

        await GetRangeAsync(proxy, 0);
        await GetRangeAsync(proxy, 1);
        released.SetResult();
        await other;

        Assert.Equal(0, await proxy.MetricAsync("prefetched_slices_total"));
    }

    [Fact]
    public async Task What_the_origin_has_not_answered_ends_when_nobody_comes_for_it()
    {
        var closed = new TaskCompletionSource();
        await using var proxy = await StartAsync(prefetchSlices: 1);
        _origin.Answer = async exchange =>
        {
            if (exchange.Request.Range!.Value.First < 2 * RangeSlices * SliceBytes)
            {
                await _file.AnswerAsync(exchange);
                return;
            }

            await exchange.ClientClosedAsync();
            closed.SetResult();
        };
        await GetRangeAsync(proxy, 0);
        await GetRangeAsync(proxy, 1);
        await _origin.RequestsArrivedAsync(5);

        // Below the least timeout of a request that somebody waits for.
        int seconds = 0;
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(seconds++ < 12 ? 1 : 0));
                return closed.Task.IsCompleted;
            },
            "the connection is closed");

        Assert.Equal(0, await proxy.MetricAsync("failed_subrequests_total"));
    }

    private static async Task GetRangeAsync(ProxyUnderTest proxy, int number)
    {
        const int Bytes = RangeSlices * SliceBytes;
        var response = await proxy.GetAsync("/file", $"Range: bytes={number * Bytes}-{((number + 1) * Bytes) - 1}");
        Assert.Equal(206, response.StatusCode);
        Assert.Equal(Bytes, response.Body.Length);
    }

    private static Task StoredAsync(ProxyUnderTest proxy, int slices) => Eventually.TrueAsync(
        () => proxy.Composition.Store.SliceCount == slices, () => $"{slices} slices; there are {proxy.Composition.Store.SliceCount}");

    private Task<ProxyUnderTest> StartAsync(int prefetchSlices, int maxOriginRequests = 64) => ProxyUnderTest.StartAsync(
        _origin.Uri,
        SliceBytes,
        options => options with
        {
            PrefetchSlices = prefetchSlices,
            Hedges = false,
            Limits = options.Limits with { MaxOriginRequests = maxOriginRequests },
        },
        _time);
}
