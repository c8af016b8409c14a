using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A client's preconditions, on an object never seen and on one that is stored: the answer is the same (B9 to B11). The object has the
/// tag "v1" and was last modified on 1 January 2026 at 00:00:01.
/// </summary>
public sealed class PreconditionTests
{
    private const string Modified = "Thu, 01 Jan 2026 00:00:01 GMT";
    private const string Earlier = "Thu, 01 Jan 2026 00:00:00 GMT";
    private const string Later = "Thu, 01 Jan 2026 00:00:02 GMT";

    // A day behind the Date that the origin states, so that advancing it never makes an answer look old on arrival.
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));

    private readonly RangeFile _file = new(16)
    {
        ExtraFields = ["Content-Type: text/plain", "Cache-Control: max-age=60"],
    };

    [Theory]
    [Trait("Behaviour", "B11")]
    [Trait("Behaviour", "B9")]
    [InlineData(200, "If-Match: \"v1\"")]
    [InlineData(200, "If-Match: \"x\", \"v1\"")]
    [InlineData(200, "If-Match: *")]
    [InlineData(412, "If-Match: \"x\"")]
    [InlineData(412, "If-Match: W/\"v1\"")]
    [InlineData(200, "If-Unmodified-Since: " + Modified)]
    [InlineData(200, "If-Unmodified-Since: " + Later)]
    [InlineData(412, "If-Unmodified-Since: " + Earlier)]
    [InlineData(200, "If-Unmodified-Since: yesterday")]
    [InlineData(304, "If-None-Match: \"v1\"")]
    [InlineData(304, "If-None-Match: W/\"v1\"")]
    [InlineData(304, "If-None-Match: \"x\", \"v1\"")]
    [InlineData(304, "If-None-Match: *")]
    [InlineData(200, "If-None-Match: \"x\"")]
    [InlineData(304, "If-Modified-Since: " + Modified)]
    [InlineData(304, "If-Modified-Since: " + Later)]
    [InlineData(200, "If-Modified-Since: " + Earlier)]
    [InlineData(200, "If-Modified-Since: yesterday")]
    public Task Precondition_decides_alone(int status, string field) => BothAsync(status, field);

    [Theory]
    [Trait("Behaviour", "B9")]
    [InlineData(200, "If-Match: \"v1\"", "If-Unmodified-Since: " + Earlier)]
    [InlineData(412, "If-Match: \"x\"", "If-Unmodified-Since: " + Later)]
    [InlineData(412, "If-Match: \"x\"", "If-None-Match: \"v1\"")]
    [InlineData(412, "If-Unmodified-Since: " + Earlier, "If-None-Match: \"v1\"")]
    [InlineData(304, "If-Match: \"v1\"", "If-None-Match: \"v1\"")]
    [InlineData(200, "If-None-Match: \"x\"", "If-Modified-Since: " + Later)]
    [InlineData(304, "If-None-Match: \"v1\"", "If-Modified-Since: " + Earlier)]
    public Task Preconditions_are_taken_in_their_order(int status, string first, string second) => BothAsync(status, second, first);

    [Theory]
    [Trait("Behaviour", "B9")]
    [InlineData(304, "If-None-Match: \"v1\"")]
    [InlineData(304, "If-Modified-Since: " + Modified)]
    [InlineData(412, "If-Match: \"x\"")]
    [InlineData(206, "If-Match: \"v1\"")]
    [InlineData(206, "If-None-Match: \"x\"")]
    public Task Precondition_is_taken_before_the_range(int status, string field) => BothAsync(status, field, "Range: bytes=4-5");

    [Theory]
    [Trait("Behaviour", "B10")]
    [InlineData(206, "\"v1\"")]
    [InlineData(200, "W/\"v1\"")]
    [InlineData(200, "\"x\"")]
    [InlineData(200, "v1")]
    [InlineData(206, Modified)]
    [InlineData(200, Earlier)]
    [InlineData(200, Later)]
    public Task Range_is_sent_if_the_object_is_the_one_the_client_has(int status, string value) =>
        BothAsync(status, "If-Range: " + value, "Range: bytes=4-5");

    [Fact]
    [Trait("Behaviour", "B10")]
    public async Task IfRange_with_a_weak_tag_never_matches()
    {
        _file.ETag = "W/\"v1\"";

        await BothAsync(200, "If-Range: W/\"v1\"", "Range: bytes=4-5");
    }

    [Fact]
    [Trait("Behaviour", "B10")]
    public async Task IfRange_with_a_date_that_is_not_older_than_the_answer_never_matches()
    {
        // RFC 9110 §8.8.2.2: such a Last-Modified is weak, since the object may have changed again within its second.
        _file.LastModified = DateTimeOffset.UtcNow.AddDays(1);

        await BothAsync(200, $"If-Range: {_file.LastModified:R}", "Range: bytes=4-5");
    }

    [Theory]
    [Trait("Behaviour", "B10")]
    [InlineData("\"v1\"")]
    [InlineData("\"x\"")]
    [InlineData(Modified)]
    public Task IfRange_without_range_is_ignored(string value) => BothAsync(200, "If-Range: " + value);

    // The object is stored and stale, and has changed meanwhile: conditions are about what there is now (B26).
    [Theory]
    [Trait("Behaviour", "B9")]
    [Trait("Behaviour", "B26")]
    [InlineData(200, "If-None-Match: \"v1\"")]
    [InlineData(304, "If-None-Match: \"v2\"")]
    [InlineData(412, "If-Match: \"v1\"")]
    [InlineData(200, "If-Match: \"v2\"")]
    [InlineData(206, "Range: bytes=4-5")]
    [InlineData(200, "Range: bytes=4-5", "If-Range: \"v1\"")]
    [InlineData(206, "Range: bytes=4-5", "If-Range: \"v2\"")]
    public async Task Condition_on_a_stale_object_is_about_the_version_that_there_is_now(int status, params string[] fields)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, time: _time);
        await proxy.GetAsync("/file");
        _file.ChangeTo(2);
        _time.Advance(TimeSpan.FromSeconds(61));

        Check(await proxy.GetAsync("/file", fields), status, "changed");
    }

    // On an object that is not known, that is stored in part, that is stored, and that is stale.
    private async Task BothAsync(int status, params string[] fields)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using (var other = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4))
        {
            await other.GetAsync("/file", "Range: bytes=8-9");
            Check(await other.GetAsync("/file", fields), status, "stored in part");
        }

        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, time: _time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        Check(await GetAsync(), status, "not stored");
        await proxy.GetAsync("/file");
        Check(await GetAsync(), status, "stored");
        _time.Advance(TimeSpan.FromSeconds(61));
        Check(await GetAsync(), status, "stale");

        // They are between the client and us: slices are asked for by conditions of ours alone.
        string[] own = fields
            .Where(field => field.Contains("\"x\"", StringComparison.Ordinal) || field.Contains("W/", StringComparison.Ordinal))
            .ToArray();
        Assert.All(
            origin.Requests, request => Assert.DoesNotContain(own, field => request.HeadText.Contains(field, StringComparison.Ordinal)));
        Assert.All(origin.Requests, request => Assert.Null(request.Field("If-Range")));

        async Task<RawResponse> GetAsync()
        {
            // On one connection: an answer without content must leave it usable.
            await client.SendAsync(RawClient.Request("GET", "/file", fields));
            return await client.ReadResponseAsync();
        }
    }

    private void Check(RawResponse response, int status, string state)
    {
        Assert.True(response.StatusCode == status, $"{state}: {response}");
        switch (status)
        {
            case 200:
                Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), response.Body);
                break;
            case 206:
                Assert.Equal(TestContent.Bytes(4, 2, _file.Seed), response.Body);
                break;
            case 304:
                Assert.Equal((_file.ETag, "max-age=60"), (response.Field("ETag"), response.Field("Cache-Control")));
                Assert.NotNull(response.Field("Date"));
                break;
        }
    }
}
