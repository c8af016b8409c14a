using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A stored object that is no longer fresh is validated as a whole by one request for one slice (B31).</summary>
public sealed class RevalidationTests
{
    private const int LengthBytes = 16;

    // A day behind the Date that the origin states, so that advancing it never makes an answer look old on arrival.
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(LengthBytes) { ExtraFields = ["Cache-Control: max-age=60"] };

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Unchanged_object_is_freshened_by_one_304(bool hasTag, bool hasDate)
    {
        _file.ETag = hasTag ? _file.ETag : null;
        _file.LastModified = hasDate ? _file.LastModified : null;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        long sentWhenCold = _file.ContentBytesSent;
        _time.Advance(TimeSpan.FromSeconds(61));

        var revalidated = await proxy.GetAsync("/file");
        var fresh = await proxy.GetAsync("/file");

        Assert.All([revalidated, fresh], response => Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body));
        Assert.StartsWith("pingora-slice; fwd=stale; fwd-status=304; ttl=", revalidated.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.StartsWith("pingora-slice; hit; ttl=", fresh.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.Equal(5, origin.RequestCount);
        Assert.Equal(sentWhenCold, _file.ContentBytesSent);
        var condition = origin.Requests[^1];
        Assert.Equal((_file.ETag, (0L, 3L)), (condition.Field("If-None-Match"), condition.Range!.Value));
        Assert.Equal(hasDate, condition.Field("If-Modified-Since") is not null);
    }

    // To a validation for one client, which others must not feel: the object stays as it was, stale.
    [Theory]
    [InlineData("private", true, true)]
    [InlineData("no-store", true, false)]
    [InlineData("private, max-age=600", false, true)]
    [InlineData("no-store, max-age=600", false, false)]
    [Trait("Behaviour", "B52")]
    public async Task Confirmation_for_one_client_leaves_the_object_as_it_was(string cacheControl, bool isSliced, bool isFresh)
    {
        _file.SupportsRanges = isSliced;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        long sentWhenCold = _file.ContentBytesSent;
        int cold = origin.RequestCount;
        _time.Advance(TimeSpan.FromSeconds(isFresh ? 30 : 61));
        origin.Answer = exchange => exchange.SendAsync(
            $"HTTP/1.1 304 Not Modified\r\nETag: {_file.ETag}\r\nX-Of: one\r\nCache-Control: {cacheControl}\r\n\r\n");

        var validated = await proxy.GetAsync("/file", "Cache-Control: no-cache");
        int asked = origin.RequestCount;
        origin.Answer = _file.AnswerAsync;
        var next = await proxy.GetAsync("/file");

        Assert.All([validated, next], response => Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body));
        Assert.All([validated, next], response => Assert.Null(response.Field("X-Of")));
        Assert.Equal((cold + 1, cold + (isFresh ? 1 : 2)), (asked, origin.RequestCount));
        Assert.Equal(sentWhenCold, _file.ContentBytesSent);
    }

    // An origin that sends one weak tag whatever the bytes are, or a date that says nothing.
    [Theory]
    [InlineData("W/\"same\"")]
    [InlineData(null)]
    [Trait("Behaviour", "B52")]
    public async Task Head_with_a_weak_validator_makes_nothing_fresh(string? tag)
    {
        // The origin's clock stands: the second of Last-Modified is that of every Date.
        _file.Time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        (_file.ETag, _file.LastModified, _file.HonoursPreconditions) = (tag, tag is null ? _file.Time.GetUtcNow() : null, false);
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        _file.Seed = 2;

        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(RawClient.Request("HEAD", "/file"));
            Assert.Equal(200, (await client.ReadResponseAsync("HEAD")).StatusCode);
        }

        Assert.Equal(TestContent.Bytes(0, LengthBytes, 2), (await proxy.GetAsync("/file")).Body);
    }

    [Fact]
    [Trait("Behaviour", "B30")]
    public async Task Object_is_fresh_up_to_its_lifetime_and_tells_its_age()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(50));

        var response = await proxy.GetAsync("/file");

        Assert.Equal("HIT", response.Field("X-Cache"));
        Assert.InRange(int.Parse(response.Field("Age")!, System.Globalization.CultureInfo.InvariantCulture), 50, 55);
        Assert.Equal(4, origin.RequestCount);
    }

    [Fact]
    public async Task Hundred_clients_of_a_stale_object_validate_it_once()
    {
        const int Clients = 100;
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        _file.Fault = _ => new RangeFault { HeadGate = gate.Task };
        var downloads = Enumerable.Range(0, Clients).Select(_ => proxy.GetAsync("/file")).ToArray();
        await Eventually.TrueAsync(() => proxy.Instance.Parts.Meter.ActiveRequests.Value == Clients, "all clients wait");

        gate.SetResult();

        Assert.All(await Task.WhenAll(downloads), response => Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body));
        Assert.Equal(5, origin.RequestCount);
    }

    [Theory]
    [InlineData(LengthBytes)]
    [InlineData(3)]
    [InlineData(40)]
    public async Task Changed_object_replaces_the_stale_one(int newLength)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        _file.ChangeTo(seed: 2, newLength);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, newLength, seed: 2), response.Body);
        Assert.Equal("\"v2\"", response.Field("ETag"));
        Assert.Equal("MISS", response.Field("X-Cache"));
    }

    [Fact]
    [Trait("Behaviour", "B26")]
    public async Task Range_past_the_new_end_of_a_changed_object_is_416_with_the_new_length()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        _file.ChangeTo(seed: 2, lengthBytes: 5);

        var response = await proxy.GetAsync("/file", "Range: bytes=12-15");

        Assert.Equal((416, "bytes */5"), (response.StatusCode, response.Field("Content-Range")));
        Assert.Equal(TestContent.Bytes(0, 5, seed: 2), (await proxy.GetAsync("/file")).Body);
    }

    [Fact]
    [Trait("Behaviour", "B26")]
    public async Task Stale_object_whose_new_version_no_longer_reaches_the_range_is_not_served_as_it_was()
    {
        // B26: a decision from a record that is merely stale is preceded by its validation.
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        _file.ChangeTo(seed: 2, lengthBytes: 40);

        var response = await proxy.GetAsync("/file", "Range: bytes=20-23");

        Assert.Equal((206, "bytes 20-23/40"), (response.StatusCode, response.Field("Content-Range")));
        Assert.Equal(TestContent.Bytes(20, 4, seed: 2), response.Body);
    }

    [Theory]
    [InlineData("404 Not Found")]
    [InlineData("410 Gone")]
    [InlineData("302 Found")]
    public async Task Object_that_is_gone_is_forgotten(string status)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        _file.Fault = _ => new RangeFault { Status = status };

        var gone = await proxy.GetAsync("/file");
        _file.Fault = null;
        _time.Advance(TimeSpan.FromSeconds(61));
        var back = await proxy.GetAsync("/file");

        Assert.Equal("HTTP/1.1 " + status, gone.StatusLine);
        Assert.Equal("MISS", back.Field("X-Cache"));
    }

    [Fact]
    public async Task Origin_that_sends_bytes_instead_of_304_keeps_the_slices_of_an_unchanged_object()
    {
        _file.HonoursPreconditions = false;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body);
        Assert.Equal(5, origin.RequestCount);
    }

    // RFC 9111 §4.3.4: a 304 that speaks of another version must not freshen the one we hold.
    [Fact]
    public async Task Not_modified_of_another_version_makes_the_stored_one_useless()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        _file.ChangeTo(2);
        origin.Answer = exchange => exchange.Request.Field("If-None-Match") is null
            ? _file.AnswerAsync(exchange)
            : exchange.SendAsync("HTTP/1.1 304 Not Modified\r\nETag: \"v2\"\r\n\r\n");

        var now = await proxy.GetAsync("/file");
        var later = await proxy.GetAsync("/file");

        Assert.All([now, later], response => Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), response.Body));
    }

    [Fact]
    [Trait("Behaviour", "B25")]
    public async Task Object_without_validators_is_fetched_anew_when_stale()
    {
        _file.ETag = null;
        _file.LastModified = null;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        _file.Seed = 2;

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), response.Body);
        Assert.Equal("MISS", response.Field("X-Cache"));
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) => ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, time: _time);
}
