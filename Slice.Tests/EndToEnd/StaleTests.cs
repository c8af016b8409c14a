using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Use of what is no longer fresh: while it is validated, and when the origin fails (RFC 5861, B31).</summary>
public sealed class StaleTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(32);

    [Fact]
    [Trait("Behaviour", "B31")]
    public async Task Stale_object_is_served_at_once_and_refreshed_by_one_range_in_the_background()
    {
        _file.ExtraFields = ["Cache-Control: max-age=60, stale-while-revalidate=30"];
        var gate = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        int cold = origin.RequestCount;
        origin.Answer = async exchange =>
        {
            await exchange.WaitAsync(gate.Task);
            await _file.AnswerAsync(exchange);
        };
        _time.Advance(TimeSpan.FromSeconds(70));

        // The origin is silent meanwhile, so these answers did not wait for it.
        var stale = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => proxy.GetAsync("/file", "Range: bytes=20-29")));
        await origin.RequestsArrivedAsync(cold + 1);
        gate.SetResult();
        await Eventually.TrueAsync(async () => (await proxy.GetAsync("/file")).Field("X-Cache") == "HIT", () => "the refresh to be over");

        Assert.All(stale, response => Assert.Equal(TestContent.Bytes(20, 10, _file.Seed), response.Body));
        Assert.Contains(stale, response => response.Field("X-Cache") == "STALE");
        Assert.All(
            stale, response => Assert.StartsWith("pingora-slice; hit; ttl=-10", response.Field("Cache-Status"), StringComparison.Ordinal));
        Assert.Equal(cold + 1, origin.RequestCount);
        Assert.Equal((_file.ETag, true), (origin.Requests[^1].Field("If-None-Match"), origin.Requests[^1].Range is not null));
    }

    [Fact]
    [Trait("Behaviour", "B31")]
    public async Task Changed_object_replaces_the_stale_one_in_the_background()
    {
        _file.ExtraFields = ["Cache-Control: max-age=60, stale-while-revalidate=30"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _file.ChangeTo(2);
        _time.Advance(TimeSpan.FromSeconds(70));

        // The refresh may be faster than the answer that caused it: then that is of the new version, but never of both.
        var first = await proxy.GetAsync("/file");

        Assert.Contains(first.Body, new[] { TestContent.Bytes(0, 32, seed: 1), TestContent.Bytes(0, 32, seed: 2) });
        await Eventually.TrueAsync(
            async () => (await proxy.GetAsync("/file")).Body.AsSpan().SequenceEqual(TestContent.Bytes(0, 32, seed: 2)),
            () => "the new version");
    }

    [Fact]
    [Trait("Behaviour", "B31")]
    public async Task Stale_page_of_unknown_length_is_refreshed_in_the_background_too()
    {
        var gate = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            bool isFirst = exchange.Request.Number == 1;
            await exchange.WaitAsync(isFirst ? Task.CompletedTask : gate.Task);
            await exchange.SendAsync(
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=60, stale-while-revalidate=30\r\nTransfer-Encoding: chunked\r\n\r\n"
                + (isFirst ? "3\r\nold\r\n0\r\n\r\n" : "3\r\nnew\r\n0\r\n\r\n"));
        });
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/page");
        _time.Advance(TimeSpan.FromSeconds(70));

        var stale = await proxy.GetAsync("/page");
        gate.SetResult();
        Assert.Equal(("old", "STALE"), (stale.BodyText, stale.Field("X-Cache")));
        await Eventually.TrueAsync(async () => (await proxy.GetAsync("/page")).BodyText == "new", () => "the refresh");
        Assert.Equal(2, origin.RequestCount);
    }

    [Theory]
    [InlineData("2\r\new\r\n0\r\n\r\n", 2)]
    [InlineData("broken\r\n", 3)]
    [Trait("Behaviour", "B31")]
    public async Task Stale_page_is_used_until_the_new_one_is_whole(string rest, int requests)
    {
        var gate = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            const string head =
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=60, stale-while-revalidate=30\r\nTransfer-Encoding: chunked\r\n\r\n";
            if (exchange.Request.Number == 2)
            {
                await exchange.SendAsync(head + "1\r\nn\r\n");
                await exchange.WaitAsync(gate.Task);
                await exchange.SendAsync(rest);
            }
            else
            {
                await exchange.SendAsync(head + (exchange.Request.Number == 1 ? "3\r\nold\r\n0\r\n\r\n" : "3\r\nnew\r\n0\r\n\r\n"));
            }
        });
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/page");
        double before = await proxy.MetricAsync("bytes_from_origin_total");
        _time.Advance(TimeSpan.FromSeconds(70));
        await proxy.GetAsync("/page");
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("bytes_from_origin_total") > before, () => "the new page has begun");

        var meanwhile = await proxy.GetAsync("/page");
        Assert.Equal(("old", "STALE", 2), (meanwhile.BodyText, meanwhile.Field("X-Cache"), origin.RequestCount));
        gate.SetResult();

        await Eventually.TrueAsync(async () => (await proxy.GetAsync("/page")).BodyText == "new", () => "the new page");
        Assert.Equal(requests, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B31")]
    public async Task Stale_while_revalidate_ends_with_its_time()
    {
        _file.ExtraFields = ["Cache-Control: max-age=60, stale-while-revalidate=30"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        int cold = origin.RequestCount;
        _time.Advance(TimeSpan.FromSeconds(91));

        Assert.StartsWith("pingora-slice; fwd=stale", (await proxy.GetAsync("/file")).Field("Cache-Status"), StringComparison.Ordinal);
        Assert.Equal(cold + 1, origin.RequestCount);
    }

    [Theory]
    [InlineData("stale-if-error=30", 70, "500 Internal Server Error", true)]
    [InlineData("stale-if-error=30", 70, "503 Service Unavailable", true)]
    [InlineData("stale-if-error=30", 70, "close", true)]
    [InlineData("stale-if-error=30", 91, "close", false)]
    [InlineData("stale-if-error=30, must-revalidate", 70, "close", false)]
    [InlineData("stale-if-error=30", 70, "404 Not Found", false)]
    [InlineData("s-maxage=60", 70, "close", false)]
    [InlineData("public", 70, "close", false)]
    [Trait("Behaviour", "B20")]
    [Trait("Behaviour", "B31")]
    public async Task Stale_object_stands_in_for_a_failing_origin_where_that_is_allowed(
        string directive, int age, string failure, bool isServed)
    {
        _file.ExtraFields = ["Cache-Control: max-age=60, " + directive];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        origin.Answer = exchange => failure == "close" ? exchange.CloseAsync() : exchange.RespondAsync(failure, "failed");
        _time.Advance(TimeSpan.FromSeconds(age));

        var response = await proxy.GetAsync("/file");

        Assert.Equal(isServed, response.StatusCode == 200);
        if (isServed)
        {
            Assert.Equal(TestContent.Bytes(0, 32, _file.Seed), response.Body);
            Assert.Equal("STALE", response.Field("X-Cache"));
            Assert.StartsWith("pingora-slice; fwd=stale", response.Field("Cache-Status"), StringComparison.Ordinal);
        }
    }

    [Fact]
    [Trait("Behaviour", "B31")]
    public async Task Clients_that_wait_for_one_failing_request_get_what_each_of_them_allows()
    {
        _file.ExtraFields = ["Cache-Control: max-age=60, stale-if-error=600"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        int cold = origin.RequestCount;
        var gate = new TaskCompletionSource();
        origin.Answer = async exchange =>
        {
            await exchange.WaitAsync(gate.Task);
            await exchange.CloseAsync();
        };
        _time.Advance(TimeSpan.FromSeconds(70));

        string[][] wishes = [[], ["Cache-Control: no-cache"], [], ["Cache-Control: no-cache"], []];
        var clients = wishes.Select(wish => proxy.GetAsync("/file", wish)).ToArray();
        await origin.RequestsArrivedAsync(cold + 1);
        gate.SetResult();

        var statuses = (await Task.WhenAll(clients)).Select(response => response.StatusCode);
        Assert.Equal([200, 502, 200, 502, 200], statuses);
    }

    [Fact]
    [Trait("Behaviour", "B31")]
    public async Task Operator_may_allow_stale_answers_for_an_origin_that_says_nothing()
    {
        _file.ExtraFields = ["Cache-Control: max-age=60"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, options => options with { CacheStaleIfError = TimeSpan.FromHours(1) });
        await proxy.GetAsync("/file");
        origin.Answer = exchange => exchange.CloseAsync();
        _time.Advance(TimeSpan.FromMinutes(30));

        Assert.Equal("STALE", (await proxy.GetAsync("/file")).Field("X-Cache"));
        Assert.Equal(502, (await proxy.GetAsync("/file", "Cache-Control: no-cache")).StatusCode);
    }

    // Who sets the key does so because the origin is down: what was stored before is all there is.
    [Fact]
    [Trait("Behaviour", "B31")]
    public async Task Stale_answers_that_are_allowed_while_the_origin_is_down_are_of_what_is_stored()
    {
        _file.ExtraFields = ["Cache-Control: max-age=60"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        SliceOptions configured = new();
        await using var proxy = await StartAsync(origin, options => configured = options);
        await proxy.GetAsync("/file");
        origin.Answer = exchange => exchange.CloseAsync();
        _time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(502, (await proxy.GetAsync("/file")).StatusCode);

        proxy.Instance.Apply(configured with { MaxRetries = 0, CacheStaleIfError = TimeSpan.FromHours(1) });
        Assert.Equal("STALE", (await proxy.GetAsync("/file")).Field("X-Cache"));

        proxy.Instance.Apply(configured with { MaxRetries = 0, CacheStaleWhileRevalidate = TimeSpan.FromHours(1) });
        Assert.Equal("STALE", (await proxy.GetAsync("/file")).Field("X-Cache"));

        proxy.Instance.Apply(configured with { MaxRetries = 0 });
        Assert.Equal(502, (await proxy.GetAsync("/file")).StatusCode);
    }

    [Fact]
    [Trait("Behaviour", "B31")]
    public async Task Client_that_can_have_the_stale_object_does_not_wait_for_repeats()
    {
        _file.ExtraFields = ["Cache-Control: max-age=60, stale-if-error=600"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 8, options => options with { MaxRetries = 20 }, _time);
        await proxy.GetAsync("/file");
        int cold = origin.RequestCount;
        origin.Answer = exchange => exchange.RespondAsync("503 Service Unavailable", "", "Retry-After: 5");
        _time.Advance(TimeSpan.FromSeconds(70));

        // Time does not go on: a wait would not end.
        Assert.Equal("STALE", (await proxy.GetAsync("/file")).Field("X-Cache"));
        Assert.Equal(cold + 1, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B31")]
    public async Task Origin_that_rests_is_not_asked_where_the_stale_object_will_do()
    {
        _file.ExtraFields = ["Cache-Control: max-age=60, stale-if-error=6000"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, options => options with
        {
            UpstreamHealth = new UpstreamHealthOptions { MaxFailures = 1, Rest = TimeSpan.FromSeconds(10) },
        });
        await proxy.GetAsync("/file");
        origin.Answer = exchange => exchange.ResetAsync();
        _time.Advance(TimeSpan.FromSeconds(70));

        // The end of a kept connection says nothing of an address, so more than one request may be needed.
        await Eventually.TrueAsync(
            async () => (await proxy.GetAsync("/file")).StatusCode == 200
                && proxy.Log.Any(line => line.StartsWith("Warning origin_rests ", StringComparison.Ordinal)),
            () => "the address rests");
        int asked = origin.RequestCount;

        Assert.Equal("STALE", (await proxy.GetAsync("/file")).Field("X-Cache"));
        Assert.Equal(asked, origin.RequestCount);

        // Nobody gets an error without a try.
        Assert.Equal(502, (await proxy.GetAsync("/file", "Cache-Control: no-cache")).StatusCode);
        Assert.True(origin.RequestCount > asked, "the origin was not asked");

        // One request tries an origin that has rested, and brings it back.
        origin.Answer = _file.AnswerAsync;
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    // An object without a strong validator is one fetch: what is stored of it is not joined with what is fetched later (B25).
    [Theory]
    [InlineData("strict", false)]
    [InlineData("etag", false)]
    [InlineData("last-modified", true)]
    [InlineData("length", true)]
    [Trait("Behaviour", "B25")]
    public async Task Slices_under_a_weak_validator_are_combined_only_when_the_operator_says_so(string validator, bool isCombined)
    {
        _file.ETag = "W/\"v1\"";
        _file.LastModified = null;
        _file.ExtraFields = ["Cache-Control: max-age=60"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(
            origin, options => options with { Validator = Enum.Parse<Core.Http.ValidatorStrength>(Name(validator)) });
        await proxy.GetAsync("/file", "Range: bytes=0-7");
        _time.Advance(TimeSpan.FromSeconds(61));

        var whole = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 32, _file.Seed), whole.Body);
        Assert.Equal(isCombined, origin.Requests[1].Field("If-None-Match") is not null);
        Assert.Equal(1 + 4, origin.RequestCount);
        Assert.Equal(isCombined ? 32 : 40, _file.ContentBytesSent);

        static string Name(string validator) => validator switch
        {
            "strict" => "Strict",
            "etag" => "EntityTag",
            "last-modified" => "LastModified",
            _ => "Length",
        };
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 8, options => (configure?.Invoke(options) ?? options) with { MaxRetries = 0 }, _time);
}
