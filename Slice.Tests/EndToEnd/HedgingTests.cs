using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>An answer of the origin that is stuck, in its head or in its body, is not what a client waits for.</summary>
public sealed class HedgingTests : IAsyncDisposable
{
    private const int Slices = 48;
    private const int SliceBytes = 64;

    private readonly TaskCompletionSource _released = new();
    private readonly ScriptedOrigin _origin;
    private readonly RangeFile _file = new(Slices * SliceBytes);
    private volatile RangeFault? _stuck;
    private int _stuckAtSlice = -1;

    public HedgingTests()
    {
        _file.Fault = exchange =>
            exchange.Request.Range?.First / SliceBytes == _stuckAtSlice && Interlocked.Exchange(ref _stuckAtSlice, -1) >= 0 ? _stuck : null;
        _origin = ScriptedOrigin.Start(_file.AnswerAsync);
    }

    public async ValueTask DisposeAsync()
    {
        _released.TrySetResult();
        await _origin.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public async Task Head_that_is_stuck_is_asked_for_again_and_the_download_goes_on(int slice)
    {
        await using var proxy = await StartAsync();
        Stick(slice, new RangeFault { HeadGate = _released.Task });

        Assert.Equal(TestContent.Bytes(0, Slices * SliceBytes, _file.Seed), (await proxy.GetAsync("/file?stuck")).Body);

        Assert.InRange(_origin.RequestCount, (2 * Slices) + 1, (2 * Slices) + 3);
        Assert.InRange(await proxy.MetricAsync("hedged_subrequests_total"), 1, 3);
        Assert.Equal(0, await proxy.MetricAsync("retried_subrequests_total"));
        Assert.Equal(0, await proxy.MetricAsync("failed_subrequests_total"));
    }

    [Fact]
    public async Task Body_that_stands_still_is_gone_on_with_at_the_byte_reached()
    {
        await using var proxy = await StartAsync();
        Stick(20, new RangeFault { PauseAfterBytes = 10, BodyGate = _released.Task });

        Assert.Equal(TestContent.Bytes(0, Slices * SliceBytes, _file.Seed), (await proxy.GetAsync("/file?stuck")).Body);

        Assert.Contains(_origin.Requests, static request => request.Range == ((20 * SliceBytes) + 10, (21 * SliceBytes) - 1));
        Assert.InRange(await proxy.MetricAsync("hedged_subrequests_total"), 1, 3);
        Assert.Equal(0, await proxy.MetricAsync("retried_subrequests_total"));
    }

    [Fact]
    public async Task Switched_off_it_is_waited_for()
    {
        await using var proxy = await StartAsync(hedges: false);
        Stick(20, new RangeFault { HeadGate = _released.Task });

        var download = proxy.GetAsync("/file?stuck");
        await Eventually.TrueAsync(() => _stuckAtSlice < 0, "the stuck answer");
        await Settled.RisingAsync(() => _origin.RequestCount, "requests");
        Assert.False(download.IsCompleted);
        _released.SetResult();

        Assert.Equal(TestContent.Bytes(0, Slices * SliceBytes, _file.Seed), (await download).Body);
        Assert.Equal(2 * Slices, _origin.RequestCount);
        Assert.Equal(0, await proxy.MetricAsync("hedged_subrequests_total"));
    }

    // What is usual is learned from a first download.
    private async Task<ProxyUnderTest> StartAsync(bool hedges = true)
    {
        var proxy = await ProxyUnderTest.StartAsync(
            _origin.Uri, SliceBytes, options => options with { Hedges = hedges, MaxConcurrentSubrequests = Slices });
        Assert.Equal(TestContent.Bytes(0, Slices * SliceBytes, _file.Seed), (await proxy.GetAsync("/file")).Body);
        return proxy;
    }

    private void Stick(int slice, RangeFault how)
    {
        _stuck = how;
        Volatile.Write(ref _stuckAtSlice, slice);
    }
}
