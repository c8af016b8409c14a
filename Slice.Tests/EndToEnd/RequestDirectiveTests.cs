using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The client's Cache-Control (RFC 9111 §5.2.1, B28).</summary>
public sealed class RequestDirectiveTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(32) { ExtraFields = ["Cache-Control: max-age=60"] };

    // After 30 s of 60 in the cache, or after 70.
    [Theory]
    [InlineData(30, true)]
    [InlineData(30, true, "Cache-Control: max-age=40")]
    [InlineData(30, false, "Cache-Control: max-age=20")]
    [InlineData(30, true, "Cache-Control: min-fresh=20")]
    [InlineData(30, false, "Cache-Control: min-fresh=40")]
    [InlineData(30, false, "Cache-Control: no-cache")]
    [InlineData(30, false, "Cache-Control: max-age=0")]
    [InlineData(30, false, "cache-control: x=\"a,b\" , NO-CACHE")]
    [InlineData(30, false, "Pragma: no-cache")]
    [InlineData(30, true, "Pragma: no-cache", "Cache-Control: max-age=40")]
    [InlineData(70, false)]
    [InlineData(70, true, "Cache-Control: max-stale")]
    [InlineData(70, true, "Cache-Control: max-stale=20")]
    [InlineData(70, false, "Cache-Control: max-stale=5")]
    [InlineData(70, false, "Cache-Control: max-stale=20, max-age=65")]
    [Trait("Behaviour", "B28")]
    public async Task Stored_answer_is_used_within_what_the_client_takes(int age, bool isUsed, params string[] fields)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        int cold = origin.RequestCount;
        _time.Advance(TimeSpan.FromSeconds(age));

        var response = await proxy.GetAsync("/file", fields);

        Assert.Equal(TestContent.Bytes(0, 32, _file.Seed), response.Body);
        Assert.Equal(isUsed ? cold : cold + 1, origin.RequestCount);
        Assert.Equal(isUsed && age > 60 ? "STALE" : "HIT", response.Field("X-Cache"));
    }

    [Theory]
    [InlineData("must-revalidate")]
    [InlineData("proxy-revalidate")]
    [InlineData("s-maxage=60")]
    [InlineData("no-cache")]
    [Trait("Behaviour", "B28")]
    public async Task Max_stale_does_not_overrule_the_origin(string directive)
    {
        _file.ExtraFields = ["Cache-Control: max-age=60, " + directive];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        int cold = origin.RequestCount;
        _time.Advance(TimeSpan.FromSeconds(70));

        Assert.Equal("HIT", (await proxy.GetAsync("/file", "Cache-Control: max-stale")).Field("X-Cache"));
        Assert.Equal(cold + 1, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B28")]
    public async Task Only_if_cached_never_asks_the_origin()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var unknown = await proxy.GetAsync("/file", "Cache-Control: only-if-cached");
        await proxy.GetAsync("/file", "Range: bytes=0-7");
        var missing = await proxy.GetAsync("/file", "Cache-Control: only-if-cached");
        var there = await proxy.GetAsync("/file", "Cache-Control: only-if-cached", "Range: bytes=1-3");
        _time.Advance(TimeSpan.FromSeconds(70));
        var stale = await proxy.GetAsync("/file", "Cache-Control: only-if-cached", "Range: bytes=1-3");

        Assert.Equal([504, 504, 206, 504], new[] { unknown, missing, there, stale }.Select(response => response.StatusCode));
        Assert.Equal(1, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B28")]
    public async Task No_store_leaves_nothing_of_its_answer_behind()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        Assert.Equal(TestContent.Bytes(0, 32, _file.Seed), (await proxy.GetAsync("/file", "Cache-Control: no-store")).Body);
        Assert.Equal("MISS", (await proxy.GetAsync("/file")).Field("X-Cache"));
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_objects") == 1, () => "one object");
    }

    [Fact]
    [Trait("Behaviour", "B28")]
    public async Task Directives_of_clients_can_be_ignored()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, options => options with { HonorRequestCacheControl = false });
        await proxy.GetAsync("/file");
        int cold = origin.RequestCount;

        foreach (string directive in new[] { "no-cache", "no-store", "max-age=0", "only-if-cached, min-fresh=1000" })
        {
            Assert.Equal("HIT", (await proxy.GetAsync("/file", "Cache-Control: " + directive, "Pragma: no-cache")).Field("X-Cache"));
        }

        Assert.Equal(cold, origin.RequestCount);
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8, configure, _time);
}
