using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Which requests to the origin carry Via, and what stands for it in the others (RFC 9110 §7.6.3, RFC 8586).</summary>
public sealed class ViaToOriginTests
{
    // The name of this instance in what the origin received, for the tests to write down.
    private const string Ours = "OURS";

    [Theory]
    [InlineData(ViaToOrigin.Auto, "GET /sliced/a", "", "1.1 pingora-slice (OURS)", null)]
    [InlineData(ViaToOrigin.Auto, "GET /sliced/a", "Accept-Encoding: gzip", "1.1 pingora-slice (OURS)", null)]
    [InlineData(ViaToOrigin.Auto, "GET /page", "", "1.1 pingora-slice (OURS)", null)]
    [InlineData(ViaToOrigin.Auto, "GET /page", "Accept-Encoding: identity", "1.1 pingora-slice (OURS)", null)]
    [InlineData(ViaToOrigin.Auto, "GET /page", "Accept-Encoding: gzip", null, "pingora-slice;id=OURS")]
    [InlineData(ViaToOrigin.Auto, "GET /page", "Accept-Encoding: gzip\r\nVia: 1.1 cdn", null, "pingora-slice;id=OURS")]
    [InlineData(ViaToOrigin.Auto, "GET /page", "Accept-Encoding: gzip\r\nCookie: a=b", null, "pingora-slice;id=OURS")]
    [InlineData(ViaToOrigin.Auto, "POST /page", "Accept-Encoding: gzip", null, "pingora-slice;id=OURS")]
    [InlineData(ViaToOrigin.Auto, "POST /page", "Accept-Encoding: gzip\r\nVia: 1.1 cdn", "1.1 cdn, 1.1 pingora-slice (OURS)", null)]
    [InlineData(ViaToOrigin.Auto, "POST /page", "CDN-Loop: cdn", "1.1 pingora-slice (OURS)", "cdn")]
    [InlineData(ViaToOrigin.Always, "GET /page", "Accept-Encoding: gzip", "1.1 pingora-slice (OURS)", null)]
    [InlineData(ViaToOrigin.Always, "POST /page", "Accept-Encoding: gzip", "1.1 pingora-slice (OURS)", null)]
    [InlineData(ViaToOrigin.Always, "GET /sliced/a", "", "1.1 pingora-slice (OURS)", null)]
    [InlineData(ViaToOrigin.Never, "GET /sliced/a", "", null, "pingora-slice;id=OURS")]
    [InlineData(ViaToOrigin.Never, "GET /page", "Accept-Encoding: gzip", null, "pingora-slice;id=OURS")]
    [InlineData(ViaToOrigin.Never, "POST /page", "Via: 1.1 cdn", null, "pingora-slice;id=OURS")]
    [InlineData(ViaToOrigin.Never, "POST /page", "CDN-Loop: cdn", null, "cdn, pingora-slice;id=OURS")]

    // Other instances before us are always passed on, other proxies where the request is the client's own.
    [InlineData(
        ViaToOrigin.Never, "POST /page", "Via: 1.1 cdn, 1.1 pingora-slice (01234567)", null,
        "pingora-slice;id=01234567, pingora-slice;id=OURS")]
    [InlineData(
        ViaToOrigin.Auto, "GET /sliced/a", "Via: 1.1 cdn, 1.1 pingora-slice (01234567)\r\nCDN-Loop: x, pingora-slice;id=89abcdef",
        "1.1 pingora-slice (01234567), 1.1 pingora-slice (89abcdef), 1.1 pingora-slice (OURS)", null)]
    [InlineData(
        ViaToOrigin.Auto, "GET /page", "Accept-Encoding: br\r\nVia: 1.1 pingora-slice, 1.1 pingora-slice (01234567)", null,
        "pingora-slice, pingora-slice;id=01234567, pingora-slice;id=OURS")]
    public async Task Request_carries_Via_or_what_stands_for_it(ViaToOrigin setting, string line, string fields, string? via, string? loop)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "ok", "ETag: \"a\""));
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { SlicePatterns = ["^/sliced/"], ViaToOrigin = setting });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync($"{line} HTTP/1.1\r\nHost: x\r\n{fields}{(fields.Length > 0 ? "\r\n" : "")}\r\n");

        // To clients we are always there, and by the name of all instances.
        Assert.Equal("1.1 pingora-slice", (await client.ReadResponseAsync()).Field("Via"));
        var request = Assert.Single(origin.Requests);
        string id = proxy.Composition.Settings.Current.Identity.Id;
        Assert.Equal(via, Joined(request, "Via", id));
        Assert.Equal(loop, Joined(request, "CDN-Loop", id));
    }

    [Fact]
    public async Task Instances_have_names_of_their_own_that_a_reload_does_not_change()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var first = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await using var second = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        string id = first.Composition.Settings.Current.Identity.Id;

        first.Composition.ApplySettings(first.Composition.Settings.Current.Options with { MaxRetries = 1 });

        Assert.Matches("^[0-9a-f]{8}$", id);
        Assert.Equal(id, first.Composition.Settings.Current.Identity.Id);
        Assert.NotEqual(id, second.Composition.Settings.Current.Identity.Id);
    }

    private static string? Joined(OriginRequest request, string name, string id) => request.Fields(name) is { Count: > 0 } values
        ? string.Join(", ", values).Replace(id, Ours, StringComparison.Ordinal)
        : null;
}
