using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Addresses of one origin that name the same bytes differently, or hold other bytes (B21, B25).</summary>
public sealed class AddressVersionTests
{
    private const int LengthBytes = 256;

    private readonly RangeFile _first = new(LengthBytes);
    private readonly RangeFile _second = new(LengthBytes) { ETag = "\"other\"" };

    public static TheoryData<bool> WhoHonoursPreconditions => [true, false];

    // Every other slice would come from the second address, and end the response.
    [Theory]
    [MemberData(nameof(WhoHonoursPreconditions))]
    [Trait("Behaviour", "B21")]
    public async Task Response_stays_at_the_address_of_its_version(bool honoursPreconditions)
    {
        _second.Seed = 2;
        _second.HonoursPreconditions = honoursPreconditions;
        await using var first = ScriptedOrigin.Start(_first.AnswerAsync);
        await using var second = ScriptedOrigin.Start(_second.AnswerAsync);
        await using var proxy = await StartAsync([first, second]);

        for (int round = 0; round < 2; round++)
        {
            var response = await proxy.GetAsync("/file");
            Assert.Equal((200, _first.ETag), (response.StatusCode, response.Field("ETag")));
            Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), response.Body);
        }

        Assert.Equal(64, first.RequestCount);
        Assert.InRange(second.RequestCount, 1, 4);
        Assert.Equal(0, await proxy.MetricAsync("failed_subrequests_total"));
        Assert.Equal(
            "Warning origin_versions_differ two addresses of the origin have different versions of one object, which then comes from "
                + $"one of them: http://{first.Authority} http://{second.Authority} /file",
            Assert.Single(proxy.Log, line => line.Contains("origin_versions_differ", StringComparison.Ordinal)));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Pair_of_addresses_is_logged_once_for_all_objects_and_without_the_query()
    {
        await using var first = ScriptedOrigin.Start(_first.AnswerAsync);
        await using var second = ScriptedOrigin.Start(_second.AnswerAsync);
        await using var proxy = await StartAsync([first, second]);

        foreach (string target in (string[])["/a?token=secret", "/b?token=secret", "/c", "/d"])
        {
            Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), (await proxy.GetAsync(target)).Body);
        }

        string line = Assert.Single(proxy.Log, line => line.Contains("origin_versions_differ", StringComparison.Ordinal));
        Assert.EndsWith(" /a", line, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Address_that_agrees_takes_over_and_one_that_does_not_is_left_alone()
    {
        _second.Seed = 2;
        await using var dying = ScriptedOrigin.Start(
            exchange => exchange.Request.Number <= 20 ? _first.AnswerAsync(exchange) : exchange.ResetAsync());
        await using var other = ScriptedOrigin.Start(_second.AnswerAsync);
        await using var agreeing = ScriptedOrigin.Start(_first.AnswerAsync);
        await using var proxy = await StartAsync([dying, other, agreeing]);

        var response = await proxy.GetAsync("/file");

        Assert.Equal((200, ResponseEnding.Complete), (response.StatusCode, response.Ending));
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), response.Body);
    }

    // The only address with the version is gone: the response ends visibly, and the next one has what there is.
    [Fact]
    [Trait("Behaviour", "B24")]
    [Trait("Behaviour", "B21")]
    public async Task Version_whose_address_dies_is_given_up()
    {
        _second.Seed = 2;
        await using var dying = ScriptedOrigin.Start(
            exchange => exchange.Request.Number <= 20 ? _first.AnswerAsync(exchange) : exchange.ResetAsync());
        await using var other = ScriptedOrigin.Start(_second.AnswerAsync);
        await using var proxy = await StartAsync([dying, other]);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));

        var cut = await client.ReadEndingAsync();
        var next = await proxy.GetAsync("/file");

        Assert.NotEqual(ResponseEnding.Complete, cut.Ending);
        Assert.Equal(TestContent.Bytes(0, cut.Body.Length, seed: 1), cut.Body);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), next.Body);
    }

    [Fact]
    [Trait("Behaviour", "B23")]
    [Trait("Behaviour", "B21")]
    public async Task Change_at_all_addresses_is_a_change()
    {
        await using var first = ScriptedOrigin.Start(_first.AnswerAsync);
        await using var second = ScriptedOrigin.Start(_first.AnswerAsync);
        await using var proxy = await StartAsync([first, second]);
        await proxy.GetAsync("/file", "Range: bytes=200-203");
        _first.ChangeTo(seed: 3);

        var response = await proxy.GetAsync("/file");

        Assert.Equal((200, _first.ETag), (response.StatusCode, response.Field("ETag")));
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 3), response.Body);
        Assert.DoesNotContain(proxy.Log, line => line.Contains("origin_versions_differ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ValidatorStrength.Length, "Thu, 01 Jan 2026 00:00:07 GMT")]
    [InlineData(ValidatorStrength.LastModified, "Thu, 01 Jan 2026 00:00:01 GMT")]
    [Trait("Behaviour", "B25")]
    public async Task Tags_are_neither_compared_nor_sent_where_the_operator_goes_by_less(ValidatorStrength validator, string date)
    {
        _second.LastModified = DateTimeOffset.Parse(date, System.Globalization.CultureInfo.InvariantCulture);
        await using var first = ScriptedOrigin.Start(_first.AnswerAsync);
        await using var second = ScriptedOrigin.Start(_second.AnswerAsync);
        await using var proxy = await StartAsync([first, second], options => options with { Validator = validator });

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), response.Body);
        Assert.Equal((32, 32), (first.RequestCount, second.RequestCount));
        bool goesByDate = validator == ValidatorStrength.LastModified;
        Assert.All(first.Requests.Concat(second.Requests).Where(request => request.Field("Range") != "bytes=0-3"), request =>
        {
            Assert.Null(request.Field("If-Match"));
            Assert.Equal(goesByDate ? "Thu, 01 Jan 2026 00:00:01 GMT" : null, request.Field("If-Unmodified-Since"));
        });
    }

    [Theory]
    [InlineData(ValidatorStrength.Length)]
    [InlineData(ValidatorStrength.LastModified)]
    [Trait("Behaviour", "B25")]
    public async Task What_the_operator_does_go_by_still_tells_versions_apart(ValidatorStrength validator)
    {
        await using var origin = ScriptedOrigin.Start(_first.AnswerAsync);
        await using var proxy = await StartAsync([origin], options => options with { Validator = validator });
        await proxy.GetAsync("/file", "Range: bytes=200-203");
        _first.ChangeTo(seed: 2, validator == ValidatorStrength.Length ? LengthBytes - 1 : LengthBytes);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, (int)_first.LengthBytes, seed: 2), response.Body);
    }

    // A 304 of the address that knows the tag costs nothing; another address would send the object anew.
    [Fact]
    [Trait("Behaviour", "B21")]
    [Trait("Behaviour", "B31")]
    public async Task Stored_version_is_validated_at_its_own_address()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-1));
        _first.ExtraFields = _second.ExtraFields = ["Cache-Control: max-age=60"];
        await using var first = ScriptedOrigin.Start(_first.AnswerAsync);
        await using var second = ScriptedOrigin.Start(_second.AnswerAsync);
        await using var proxy = await StartAsync([first, second], time: time);
        await proxy.GetAsync("/file", "Range: bytes=0-3");

        for (int round = 0; round < 3; round++)
        {
            time.Advance(TimeSpan.FromSeconds(61));
            Assert.Equal(_first.ETag, (await proxy.GetAsync("/file", "Range: bytes=0-3")).Field("ETag"));
        }

        Assert.Equal((4, 0), (first.RequestCount, second.RequestCount));
        Assert.Equal(4, _first.ContentBytesSent);
    }

    private static Task<ProxyUnderTest> StartAsync(
        ScriptedOrigin[] origins, Func<SliceOptions, SliceOptions>? configure = null, TimeProvider? time = null) =>
        ProxyUnderTest.StartAsync(
            origins[0].Uri,
            sliceSizeBytes: 4,
            options =>
            {
                options = options with { UpstreamAddresses = [.. origins.Select(origin => origin.Uri)] };
                return configure?.Invoke(options) ?? options;
            },
            time);
}
