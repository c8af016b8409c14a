using System.Net;
using Microsoft.Extensions.Logging;
using Slice.Host.Demo;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Demo;

/// <summary>The sample origin answers as RFC 9110 wants it, as far as a slicing proxy and a curious person ask.</summary>
public sealed class DemoOriginTests
{
    [Fact]
    public async Task Get_is_answered_whole_with_validators()
    {
        await using var origin = await StartAsync();

        var response = await GetAsync(origin);

        Assert.Equal(200, response.StatusCode);
        Assert.Equal(16, response.Body.Length);
        Assert.Equal("bytes", response.Field("Accept-Ranges"));
        Assert.StartsWith("\"", response.Field("ETag"), StringComparison.Ordinal);
        Assert.NotNull(response.Field("Last-Modified"));
        Assert.NotNull(response.Field("Date"));
        Assert.Equal((1, 16), (origin.Requests, origin.BodyBytes));
    }

    [Theory]
    [InlineData("bytes=3-5", 206, "bytes 3-5/16", 3)]
    [InlineData("bytes=14-", 206, "bytes 14-15/16", 2)]
    [InlineData("bytes=-1", 206, "bytes 15-15/16", 1)]
    [InlineData("bytes=3-99", 206, "bytes 3-15/16", 13)]
    [InlineData("bytes=16-", 416, "bytes */16", 0)]
    [InlineData("bytes=0-0,2-2", 200, null, 16)]
    [InlineData("lines=0-0", 200, null, 16)]
    public async Task Range_is_answered_in_part(string range, int status, string? contentRange, int bytes)
    {
        await using var origin = await StartAsync();
        byte[] whole = (await GetAsync(origin)).Body;

        var response = await GetAsync(origin, "Range: " + range);

        Assert.Equal(status, response.StatusCode);
        Assert.Equal(contentRange, response.Field("Content-Range"));
        Assert.Equal(bytes, response.Body.Length);
        Assert.True(status != 206 || whole.AsSpan().IndexOf(response.Body) >= 0);
    }

    [Theory]
    [InlineData("If-Match", true, 206)]
    [InlineData("If-Match", false, 412)]
    [InlineData("If-Range", true, 206)]
    [InlineData("If-Range", false, 200)]
    [InlineData("If-None-Match", true, 304)]
    [InlineData("If-None-Match", false, 206)]
    public async Task Precondition_decides_about_a_range(string field, bool isCurrent, int status)
    {
        await using var origin = await StartAsync();
        string tag = isCurrent ? (await GetAsync(origin)).Field("ETag")! : "\"another\"";

        var response = await GetAsync(origin, "Range: bytes=0-3", $"{field}: {tag}");

        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Head_is_answered_without_a_body_and_the_connection_persists()
    {
        await using var origin = await StartAsync();
        using var client = await RawClient.ConnectAsync(origin.Address.Port);

        await client.SendAsync(RawClient.Request("HEAD", "/demo/a", "Range: bytes=0-3"));
        var head = await client.ReadResponseAsync("HEAD");
        await client.SendAsync(RawClient.Request("GET", "/demo/b"));
        var get = await client.ReadResponseAsync();

        Assert.Equal((200, "16"), (head.StatusCode, head.Field("Content-Length")));
        Assert.Equal(16, get.Body.Length);
        Assert.NotEqual(head.Field("ETag"), get.Field("ETag"));
        Assert.Equal(16, origin.BodyBytes);
    }

    [Theory]
    [InlineData("GET", "/other", 404)]
    [InlineData("PURGE", "/demo/a", 405)]
    public async Task What_is_not_offered_is_refused(string method, string target, int status)
    {
        await using var origin = await StartAsync();
        using var client = await RawClient.ConnectAsync(origin.Address.Port);

        await client.SendAsync(RawClient.Request(method, target));

        Assert.Equal(status, (await client.ReadResponseAsync()).StatusCode);
    }

    private static Task<DemoOrigin> StartAsync() =>
        DemoOrigin.StartAsync(sizeBytes: 16, TimeSpan.Zero, static logging => logging.ClearProviders());

    private static Task<RawResponse> GetAsync(DemoOrigin origin, params string[] fields) =>
        RawClient.GetAsync(IPEndPoint.Parse(origin.Address.Authority), "/demo/a", fields);
}
