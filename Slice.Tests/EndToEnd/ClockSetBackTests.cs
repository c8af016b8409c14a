using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A wall clock that is set back makes nothing fresh that is stale, and holds no deadline up (B58).</summary>
public sealed class ClockSetBackTests : IDisposable
{
    private const int SliceBytes = 64 << 10;

    private readonly SettableTime _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly TestDirectory _directory = new("clock");
    private readonly RangeFile _file = new(2 * SliceBytes) { ExtraFields = ["Cache-Control: max-age=60"] };

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(-1)]
    [InlineData(-30)]
    [InlineData(-3600)]
    [Trait("Behaviour", "B58")]
    public async Task Stale_object_is_validated_after_the_clock_was_set_back(int seconds)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, onDisk: false);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(40));
        SetClock(seconds);

        var fresh = await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(20));
        SetClock(seconds);
        int before = origin.RequestCount;
        var validated = await proxy.GetAsync("/file");
        int after = origin.RequestCount;
        SetClock(seconds);
        var again = await proxy.GetAsync("/file");

        Assert.Equal(("HIT", "40"), (fresh.Field("X-Cache"), fresh.Field("Age")));
        Assert.Equal(before + 1, after);
        Assert.Equal(_file.ETag, origin.Requests[^1].Field("If-None-Match"));
        Assert.Equal(TestContent.Bytes(0, 2 * SliceBytes, _file.Seed), validated.Body);

        // The validation counts from when it was, by a clock that goes on.
        Assert.Equal(("HIT", after), (again.Field("X-Cache"), origin.RequestCount));
    }

    [Theory]
    [InlineData("Cache-Control: max-age=30")]
    [InlineData("Cache-Control: min-fresh=30")]
    [Trait("Behaviour", "B58")]
    public async Task Request_that_wants_it_younger_asks_the_origin_after_the_clock_was_set_back(string field)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, onDisk: false);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(40));
        SetClock(-3600);
        int before = origin.RequestCount;

        await proxy.GetAsync("/file", field);

        Assert.Equal(before + 1, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B58")]
    public async Task Stale_object_does_not_stand_in_for_a_failing_origin_for_longer()
    {
        _file.ExtraFields = ["Cache-Control: max-age=60, stale-if-error=60"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, onDisk: false);
        await proxy.GetAsync("/file");
        origin.Answer = exchange => exchange.RespondAsync("503 Service Unavailable", "");
        _time.Advance(TimeSpan.FromSeconds(100));
        SetClock(-3600);
        Assert.Equal("STALE", (await proxy.GetAsync("/file")).Field("X-Cache"));

        _time.Advance(TimeSpan.FromSeconds(20));
        SetClock(-3600);

        Assert.NotEqual(200, (await proxy.GetAsync("/file")).StatusCode);
    }

    // Stop with an object of some age, start under a clock that says something else, and go on.
    [Theory]
    [InlineData(10, 0, "HIT")]
    [InlineData(10, -5, "HIT")]
    [InlineData(10, -20, "REVALIDATED")]
    [InlineData(10, -3600, "REVALIDATED")]
    [InlineData(70, 0, "REVALIDATED")]
    [Trait("Behaviour", "B58")]
    public async Task Object_of_an_earlier_run_that_seems_to_come_from_the_future_is_validated(int age, int seconds, string outcome)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using (var proxy = await StartAsync(origin, onDisk: true))
        {
            await proxy.GetAsync("/file");
            await Eventually.TrueAsync(
                async () => (await proxy.GetAsync("/file")).Field("X-Cache") == "HIT", () => "all of it is stored");
        }

        int before = origin.RequestCount;
        _time.Advance(TimeSpan.FromSeconds(age));
        SetClock(seconds);
        await using var next = await StartAsync(origin, onDisk: true);
        var response = await next.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 2 * SliceBytes, _file.Seed), response.Body);
        Assert.Equal(outcome == "HIT" ? before : before + 1, origin.RequestCount);
        Assert.Equal(outcome == "HIT" ? null : _file.ETag, origin.Requests[^1].Field("If-None-Match"));
    }

    [Fact]
    [Trait("Behaviour", "B58")]
    public async Task Object_of_an_earlier_run_grows_older_under_a_clock_that_is_set_back()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using (var proxy = await StartAsync(origin, onDisk: true))
        {
            await proxy.GetAsync("/file");
        }

        await using var next = await StartAsync(origin, onDisk: true);
        Assert.Equal("HIT", (await next.GetAsync("/file")).Field("X-Cache"));
        int before = origin.RequestCount;
        _time.Advance(TimeSpan.FromSeconds(61));
        SetClock(-3600);
        await next.GetAsync("/file");

        Assert.Equal(before + 1, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B58")]
    public async Task Deadlines_pass_after_the_clock_was_set_back()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, onDisk: false);
        using var idle = await RawClient.ConnectAsync(proxy.EndPoint);
        using var creeping = await RawClient.ConnectAsync(proxy.EndPoint);
        await creeping.SendAsync("GET /file HTTP/1.1\r\nHost:");
        var closed = idle.ReadToCloseAsync();
        var late = creeping.ReadResponseAsync();
        SetClock(-86_400);

        Assert.Equal(408, (await PassingTime.UntilAsync(_time, late, "the head's deadline")).StatusCode);
        Assert.Equal("", await PassingTime.UntilAsync(_time, closed, "the idle connection's deadline"));
    }

    private void SetClock(int seconds) => _time.SetClock(TimeSpan.FromSeconds(seconds));

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, bool onDisk) => ProxyUnderTest.StartAsync(
        origin.Uri,
        SliceBytes,
        options => options with
        {
            MaxRetries = 0,
            Store = options.Store with { OnDisk = onDisk, Directory = _directory.Path, DiskSizeBytes = 64 << 20 },
        },
        _time);
}
