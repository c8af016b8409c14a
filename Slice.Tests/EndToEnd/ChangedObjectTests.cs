using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// An object that changes at the origin: unseen before the first byte, an abort after it, never two versions in one response (B23, B24).
/// </summary>
public sealed class ChangedObjectTests
{
    private const int LengthBytes = 16;

    private readonly RangeFile _file = new(LengthBytes);

    public static TheoryData<bool, bool> Validators => new()
    {
        // ETag, Last-Modified
        { true, true },
        { true, false },
        { false, true },
    };

    [Theory]
    [MemberData(nameof(Validators))]
    [Trait("Behaviour", "B23")]
    public async Task Object_changed_before_the_first_byte_is_served_in_its_new_version_unseen(bool hasTag, bool hasDate)
    {
        UseValidators(hasTag, hasDate);
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=12-15");
        _file.ChangeTo(seed: 2);

        var response = await proxy.GetAsync("/file");

        Assert.Equal("HTTP/1.1 200 OK", response.StatusLine);
        Assert.Equal(_file.ETag, response.Field("ETag"));
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), response.Body);
    }

    [Fact]
    [Trait("Behaviour", "B23")]
    public async Task Object_changed_before_the_first_byte_is_noticed_without_the_origins_preconditions()
    {
        _file.HonoursPreconditions = false;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=12-15");
        _file.ChangeTo(seed: 2);

        var response = await proxy.GetAsync("/file", "Range: bytes=2-9");

        Assert.Equal("HTTP/1.1 206 Partial Content", response.StatusLine);
        Assert.Equal(TestContent.Bytes(2, 8, seed: 2), response.Body);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(40)]
    [Trait("Behaviour", "B23")]
    public async Task Object_of_another_size_is_served_whole_and_unseen(int newLength)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=12-15");
        _file.ChangeTo(seed: 2, newLength);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, newLength, seed: 2), response.Body);
    }

    [Fact]
    [Trait("Behaviour", "B23")]
    public async Task Object_of_another_size_under_the_same_validators_is_another_version()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=12-15");
        _file.LengthBytes = 20;
        _file.Seed = 2;

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 20, seed: 2), response.Body);
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    [InlineData(true, true, false)]
    [InlineData(false, true, false)]
    [Trait("Behaviour", "B24")]
    public async Task Object_changed_between_slices_aborts_and_the_next_request_is_byte_exact(
        bool hasTag, bool hasDate, bool honoursPreconditions)
    {
        UseValidators(hasTag, hasDate);
        _file.HonoursPreconditions = honoursPreconditions;
        _file.Fault = _file.ChangeAtRequest(number: 3, seed: 2);
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var broken = await GetEndingAsync(proxy);
        var next = await proxy.GetAsync("/file");

        Assert.Equal(ResponseEnding.CutByClose, broken.Ending);
        AssertBeginsWithFirstVersion(broken);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), next.Body);
        Assert.Equal("MISS", next.Field("X-Cache"));
    }

    [Fact]
    [Trait("Behaviour", "B24")]
    public async Task Object_changed_inside_a_slice_aborts_and_the_next_request_is_byte_exact()
    {
        _file.Fault = exchange =>
        {
            if (exchange.Request.Number == 2)
            {
                return new RangeFault { CutAfterBytes = 2 };
            }

            return _file.ChangeAtRequest(number: 3, seed: 2)(exchange);
        };
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var broken = await GetEndingAsync(proxy);
        var next = await proxy.GetAsync("/file");

        Assert.Equal(ResponseEnding.CutByClose, broken.Ending);
        AssertBeginsWithFirstVersion(broken);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), next.Body);
    }

    [Fact]
    [Trait("Behaviour", "B24")]
    public async Task Slices_of_the_old_version_are_gone_once_the_change_is_known()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=0-7");
        _file.ChangeTo(seed: 2);
        await proxy.GetAsync("/file", "Range: bytes=8-11");

        var response = await proxy.GetAsync("/file", "Range: bytes=0-7");

        Assert.Equal("MISS", response.Field("X-Cache"));
        Assert.Equal(TestContent.Bytes(0, 8, seed: 2), response.Body);
    }

    [Theory]
    [InlineData("404 Not Found")]
    [InlineData("410 Gone")]
    [Trait("Behaviour", "B19")]
    public async Task Object_gone_between_slices_aborts_and_is_forgotten(string status)
    {
        _file.Fault = exchange => exchange.Request.Number >= 2
            ? new RangeFault { Status = status, Fields = ["Location: /elsewhere"] }
            : null;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var broken = await GetEndingAsync(proxy);
        var next = await proxy.GetAsync("/file");

        Assert.Equal(ResponseEnding.CutByClose, broken.Ending);
        Assert.Equal("HTTP/1.1 " + status, next.StatusLine);
    }

    [Fact]
    [Trait("Behaviour", "B59")]
    public async Task Object_that_changes_faster_than_it_is_read_in_parts_is_the_answer_to_the_clients_own_request()
    {
        _file.Fault = exchange =>
        {
            _file.ChangeTo(seed: exchange.Request.Number);
            return exchange.Request.Number == 1 || exchange.Request.Range is null ? null : new RangeFault { CutAfterBytes = 0 };
        };
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=12-15");

        var response = await proxy.GetAsync("/file");

        Assert.Equal("HTTP/1.1 200 OK", response.StatusLine);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body);
        Assert.EndsWith("detail=unusable", response.Field("Cache-Status"), StringComparison.Ordinal);
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) => ProxyUnderTest.StartAsync(
        origin.Uri, sliceSizeBytes: 4, options => options with { MaxRetries = 1, MaxConcurrentSubrequests = 1 });

    private static async Task<RawResponse> GetEndingAsync(ProxyUnderTest proxy)
    {
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        return await client.ReadEndingAsync();
    }

    private static void AssertBeginsWithFirstVersion(RawResponse response)
    {
        Assert.True(response.BodyBytes < LengthBytes, $"{response.BodyBytes} bytes");
        Assert.Equal(TestContent.Bytes(0, response.Body.Length, seed: 1), response.Body);
    }

    private void UseValidators(bool hasTag, bool hasDate)
    {
        _file.ETag = hasTag ? _file.ETag : null;
        _file.LastModified = hasDate ? _file.LastModified : null;
    }
}
