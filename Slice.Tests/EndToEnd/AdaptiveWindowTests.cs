using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>How far a download is fetched ahead: two slices at the beginning, more while its client waits for the origin.</summary>
public sealed class AdaptiveWindowTests : IAsyncDisposable
{
    private const int SliceBytes = 64;
    private const int Slices = 64;

    private readonly RangeFile _file = new(Slices * SliceBytes);
    private readonly TaskCompletionSource[] _answers = [.. Enumerable.Range(0, Slices).Select(static _ => new TaskCompletionSource())];
    private readonly ScriptedOrigin _origin;

    public AdaptiveWindowTests() => _origin = ScriptedOrigin.Start(async exchange =>
    {
        await exchange.WaitAsync(_answers[exchange.Request.Range!.Value.First / SliceBytes].Task);
        await _file.AnswerAsync(exchange);
    });

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    // 0 comes with the head; the client has waited for it.
    [Theory]
    [Trait("Behaviour", "B33")]
    [InlineData(1, "0 | 1 | 2 | 3")]
    [InlineData(2, "0 | 1 2 | 3 4 | 5 6")]
    [InlineData(8, "0 | 1 2 3 4 | 5 6 7 8 9 10 11 12 | 13 14 15 16 17 18 19 20")]
    [InlineData(16, "0 | 1 2 3 4 | 5 6 7 8 9 10 11 12 | 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28")]
    public async Task Client_that_waits_has_its_full_window_after_a_few_round_trips(int most, string roundTrips)
    {
        await using var proxy = await StartAsync(most);
        var download = proxy.GetAsync("/file");

        int asked = 0;
        foreach (int[] roundTrip in Parse(roundTrips))
        {
            await _origin.RequestsArrivedAsync(asked + roundTrip.Length);
            Assert.Equal(roundTrip, AskedSlices().Skip(asked).Order());
            asked += roundTrip.Length;
            foreach (int slice in roundTrip)
            {
                _answers[slice].SetResult();
            }
        }

        Array.ForEach(_answers, static answer => answer.TrySetResult());
        Assert.Equal(TestContent.Bytes(0, Slices * SliceBytes, _file.Seed), (await download).Body);
        Assert.Equal(Slices, _origin.RequestCount);
    }

    [Fact]
    public async Task Slices_that_are_stored_take_no_place_of_those_that_are_fetched()
    {
        await using var proxy = await StartAsync(8);
        int[] missing = [0, 3, 5, 6];
        foreach (int slice in Enumerable.Range(0, 8).Except(missing))
        {
            _answers[slice].SetResult();
            await proxy.GetAsync("/file", $"Range: bytes={slice * SliceBytes}-{(slice * SliceBytes) + 1}");
        }

        int stored = _origin.RequestCount;
        var download = proxy.GetAsync("/file");
        await _origin.RequestsArrivedAsync(stored + 2);

        Assert.Equal([0, 3], AskedSlices().Skip(stored).Order());
        Array.ForEach(_answers, static answer => answer.TrySetResult());
        Assert.Equal(TestContent.Bytes(0, Slices * SliceBytes, _file.Seed), (await download).Body);
    }

    private IEnumerable<int> AskedSlices() => _origin.Requests.Select(static request => (int)(request.Range!.Value.First / SliceBytes));

    private static IEnumerable<int[]> Parse(string roundTrips) =>
        from slices in roundTrips.Split(" | ")
        select slices.Split(' ').Select(static slice => int.Parse(slice, CultureInfo.InvariantCulture)).ToArray();

    private Task<ProxyUnderTest> StartAsync(int most) => ProxyUnderTest.StartAsync(
        _origin.Uri, SliceBytes, options => options with { MaxConcurrentSubrequests = most, Hedges = false });
}
