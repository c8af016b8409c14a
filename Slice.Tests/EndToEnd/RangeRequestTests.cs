using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Every form of a single Range, of an object never seen and of one that is stored: the answer is the same (B2 to B6).</summary>
public sealed class RangeRequestTests
{
    private readonly RangeFile _file = new(16);

    [Theory]
    [Trait("Behaviour", "B2")]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=0-", 0, 16)]
    [InlineData("bytes=0-15", 0, 16)]
    [InlineData("bytes=0-16", 0, 16)]
    [InlineData("bytes=3-4", 3, 5)]
    [InlineData("bytes=15-15", 15, 16)]
    [InlineData("bytes=15-99", 15, 16)]
    [InlineData("bytes=-1", 15, 16)]
    [InlineData("bytes=-16", 0, 16)]
    [InlineData("bytes=-99", 0, 16)]
    [InlineData("bytes=007-008", 7, 9)]
    [InlineData("BYTES=1-2", 1, 3)]
    [InlineData("bytes=\t1-2 ,", 1, 3)]
    public Task Satisfiable_range_is_206_of_its_bytes(string range, int start, int end) => BothAsync(range, 206, start, end);

    [Theory]
    [Trait("Behaviour", "B5")]
    [InlineData("bytes=14-9223372036854775806", 14, 16)]
    [InlineData("bytes=14-9223372036854775807", 14, 16)]
    [InlineData("bytes=14-9223372036854775808", 14, 16)]
    [InlineData("bytes=14-18446744073709551615", 14, 16)]
    [InlineData("bytes=14-18446744073709551616", 14, 16)]
    [InlineData("bytes=14-99999999999999999999999999999999", 14, 16)]
    [InlineData("bytes=-9223372036854775808", 0, 16)]
    [InlineData("bytes=-18446744073709551617", 0, 16)]
    public Task Position_beyond_every_integer_is_clamped(string range, int start, int end) => BothAsync(range, 206, start, end);

    [Theory]
    [Trait("Behaviour", "B3")]
    [Trait("Behaviour", "B5")]
    [InlineData("bytes=16-")]
    [InlineData("bytes=16-16")]
    [InlineData("bytes=99-100")]
    [InlineData("bytes=-0")]
    [InlineData("bytes=9223372036854775807-")]
    [InlineData("bytes=9223372036854775808-")]
    [InlineData("bytes=18446744073709551616-18446744073709551617")]
    public Task Range_past_the_end_is_416_without_the_objects_fields(string range) => BothAsync(range, 416, 0, 0);

    [Theory]
    [Trait("Behaviour", "B3")]
    [InlineData("bytes=14-")]
    [InlineData("bytes=14-14")]
    [InlineData("bytes=15-15")]
    public async Task Range_inside_the_last_slice_but_past_the_end_is_416(string range)
    {
        _file.LengthBytes = 14;

        await BothAsync(range, 416, 0, 0);
    }

    [Theory]
    [Trait("Behaviour", "B4")]
    [InlineData("bytes=5-2")]
    [InlineData("bytes=")]
    [InlineData("bytes=-")]
    [InlineData("bytes=,")]
    public Task Range_of_nothing_is_416(string range) => BothAsync(range, 416, 0, 0);

    [Theory]
    [Trait("Behaviour", "B4")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=1")]
    [InlineData("bytes=1-2x")]
    [InlineData("bytes=--1")]
    [InlineData("bytes=1-2-3")]
    [InlineData("bytes=+1-2")]
    [InlineData("bytes=0x1-2")]
    [InlineData("bytes=1.0-2")]
    [InlineData("bytes = 1-2")]
    [InlineData("bytes 1-2")]
    [InlineData("bytes:1-2")]
    [InlineData("items=1-2")]
    [InlineData("=1-2")]
    [InlineData("1-2")]
    [InlineData("")]
    public Task Garbage_and_other_units_are_200_and_never_forwarded(string range) => BothAsync(range, 200, 0, 16);

    [Fact]
    [Trait("Behaviour", "B4")]
    public Task Second_range_line_makes_both_mean_nothing() => BothAsync("bytes=1-2\r\nRange: bytes=3-4", 200, 0, 16);

    [Theory]
    [Trait("Behaviour", "B5")]
    [InlineData((1L << 32) + 5)]
    [InlineData((1L << 40) + 3)]
    public async Task Object_beyond_four_gibibytes_is_an_ordinary_one(long length)
    {
        _file.LengthBytes = length;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 64 << 10);
        foreach (long start in new[] { 0, (1L << 31) - 3, (1L << 32) - 3, length - 6 })
        {
            var response = await proxy.GetAsync("/file", $"Range: bytes={start}-{start + 5}");

            Assert.Equal($"bytes {start}-{start + 5}/{length}", response.Field("Content-Range"));
            Assert.Equal(TestContent.Bytes(start, 6, _file.Seed), response.Body);
        }

        Assert.Equal($"bytes */{length}", (await proxy.GetAsync("/file", $"Range: bytes={length}-")).Field("Content-Range"));
        Assert.Equal(
            $"bytes {length - 1}-{length - 1}/{length}", (await proxy.GetAsync("/file", "Range: bytes=-1")).Field("Content-Range"));
    }

    [Theory]
    [Trait("Behaviour", "B6")]
    [InlineData("bytes=0-0")]
    [InlineData("bytes=99-")]
    [InlineData("bytes=5-2")]
    public async Task Range_on_head_is_ignored(string range)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        foreach (string state in new[] { "unknown", "stored" })
        {
            await client.SendAsync(RawClient.Request("HEAD", "/file", "Range: " + range));
            var response = await client.ReadResponseAsync("HEAD");

            Assert.True(
                (response.StatusCode, response.Field("Content-Length"), response.Field("Content-Range")) == (200, "16", null),
                $"{state}: {response}");
            await proxy.GetAsync("/file");
        }
    }

    [Fact]
    [Trait("Behaviour", "B6")]
    public async Task Range_on_another_method_cuts_nothing_out_of_its_answer()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "0123456789"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        foreach (string method in new[] { "POST", "PUT", "DELETE", "BREW" })
        {
            await client.SendAsync(RawClient.Request(method, "/file", "Range: bytes=2-3", "Content-Length: 0"));

            Assert.Equal("0123456789", (await client.ReadResponseAsync()).BodyText);
        }
    }

    // Once of an object that is not known and once of the same object, stored.
    private async Task BothAsync(string range, int status, int start, int end)
    {
        _file.ExtraFields = ["Content-Type: text/plain", "Cache-Control: max-age=60"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        Check(await proxy.GetAsync("/file", "Range: " + range), status, start, end);
        await proxy.GetAsync("/file");
        Check(await proxy.GetAsync("/file", "Range: " + range), status, start, end);

        // Only ranges of ours, on the grid of slices, or none.
        Assert.All(
            origin.Requests, request => Assert.True(request.Field("Range") is null || request.Range is { First: >= 0 }, request.HeadText));
    }

    private void Check(RawResponse response, int status, int start, int end)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal(
            status switch { 200 => null, 206 => $"bytes {start}-{end - 1}/{_file.LengthBytes}", _ => $"bytes */{_file.LengthBytes}" },
            response.Field("Content-Range"));
        if (status == 416)
        {
            Assert.All(["ETag", "Last-Modified", "Content-Encoding"], name => Assert.Empty(response.Fields(name)));
            return;
        }

        Assert.Equal(TestContent.Bytes(start, end - start, _file.Seed), response.Body);
        Assert.Equal(_file.ETag, response.Field("ETag"));
    }
}
