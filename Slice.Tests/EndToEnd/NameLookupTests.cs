using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What a client and an operator see of names that lead nowhere (B65).</summary>
public sealed class NameLookupTests
{
    // RFC 6761 §6.4: nobody ever resolves it.
    private static readonly Uri s_nowhere = new("http://nowhere.invalid");

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [Trait("Behaviour", "B65")]
    public async Task Name_without_address_is_502_and_the_log_names_the_host(string method)
    {
        await using var proxy = await ProxyUnderTest.StartAsync(s_nowhere, sliceSizeBytes: 8, options => options with { MaxRetries = 0 });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request(method, "/file", "Content-Length: 0"));
        var response = await client.ReadResponseAsync();

        Assert.Equal("HTTP/1.1 502 Bad Gateway", response.StatusLine);
        Assert.Contains("dns_error", response.BodyText, StringComparison.Ordinal);
        Assert.Contains(proxy.Log, line =>
            line.Contains("http://nowhere.invalid:80: the name nowhere.invalid has no address", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Name_without_address_rests_and_another_address_of_the_origin_serves()
    {
        var file = new RangeFile(64);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            s_nowhere, sliceSizeBytes: 8, options => options with { UpstreamAddresses = [s_nowhere, origin.Uri] });

        Assert.Equal(TestContent.Bytes(0, 64, file.Seed), (await proxy.GetAsync("/file")).Body);
        Assert.Equal(0, await proxy.MetricAsync("origin_healthy{address=\"http://nowhere.invalid:80\"}"));
    }
}
