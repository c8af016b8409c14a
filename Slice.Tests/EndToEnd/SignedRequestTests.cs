using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Requests whose signature covers what requests of ours set go to the origin as they came (B66).</summary>
public sealed class SignedRequestTests
{
    private const int LengthBytes = 300;
    private const string Range = "bytes=70-139";

    private readonly RangeFile _file = new(LengthBytes);

    // As an object store does: the signature is right when every field that it covers is as the client sent it.
    [Theory]
    [InlineData("/a", "host;x-amz-date", true)]
    [InlineData("/a", "host;range;x-amz-date", true)]
    [InlineData("/a", "accept-encoding;host;range;x-amz-date", true)]
    [InlineData("/a", "host;if-none-match;x-amz-date", true)]
    [InlineData("/q?X-Amz-SignedHeaders=host", "host", false)]
    [InlineData("/q?X-Amz-SignedHeaders=host%3Brange", "host;range", false)]
    [InlineData("/q?X-Goog-SignedHeaders=accept-encoding%3Bhost", "accept-encoding;host", false)]
    [Trait("Behaviour", "B66")]
    public async Task Signed_request_gets_its_part(string target, string names, bool isInField)
    {
        await using var origin = ScriptedOrigin.Start(exchange => AnswerAsync(exchange, names, isInField));
        await using var proxy = await StartAsync(origin, forwardHost: true);

        for (int round = 0; round < 2; round++)
        {
            var response = await proxy.GetAsync(target, Fields(names, isInField));

            Assert.Equal(206, response.StatusCode);
            Assert.Equal(TestContent.Bytes(70, 70, _file.Seed), response.Body);
        }
    }

    [Theory]
    [InlineData("host;range;x-amz-date", true, true)]
    [InlineData("host;x-amz-date", true, false)]
    [InlineData("host;x-amz-date", false, true)]
    [Trait("Behaviour", "B66")]
    public async Task Request_whose_signature_we_would_break_goes_out_once_and_as_it_came(string names, bool forwardHost, bool passes)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("403 Forbidden", "SignatureDoesNotMatch"));
        await using var proxy = await StartAsync(origin, forwardHost);

        var response = await proxy.GetAsync("/a", Fields(names, isInField: true));

        Assert.Equal((403, "SignatureDoesNotMatch"), (response.StatusCode, response.BodyText));
        Assert.Equal(passes, response.Field("Cache-Status")!.EndsWith("; detail=signed", StringComparison.Ordinal));
        if (passes)
        {
            var request = Assert.Single(origin.Requests);
            string?[] fields = [request.Field("Range"), request.Field("Accept-Encoding"), request.Field("If-None-Match")];
            Assert.Equal([Range, "gzip", "\"x\""], fields);
        }
    }

    [Theory]
    [InlineData("/a", "Authorization: AWS4-HMAC-SHA256 Credential=K, SignedHeaders=host;range, Signature=0", Range)]
    [InlineData("/a", "Authorization: AWS4-HMAC-SHA256 Credential=K, SignedHeaders=host, Signature=0", null)]
    [InlineData("/q?X-Amz-SignedHeaders=host%3Brange", "X-A: b", Range)]
    [Trait("Behaviour", "B66")]
    public async Task Signed_head_keeps_the_range_that_it_signs(string target, string field, string? range)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(origin, forwardHost: true);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync($"HEAD {target} HTTP/1.1\r\nHost: test.example\r\n{field}\r\nRange: {Range}\r\nCookie: a=b\r\n\r\n");

        Assert.Equal(200, (await client.ReadResponseAsync("HEAD")).StatusCode);
        Assert.Equal(range, origin.Requests[^1].Field("Range"));
    }

    // What the origin gives to strangers needs no signature, and is what everybody gets.
    [Fact]
    [Trait("Behaviour", "B66")]
    public async Task What_is_stored_for_all_answers_signed_requests_too()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, forwardHost: true);
        await proxy.GetAsync("/a");
        int asked = origin.RequestCount;

        var response = await proxy.GetAsync("/a", Fields("host;range", isInField: true));

        Assert.Equal((206, "HIT", asked), (response.StatusCode, response.Field("X-Cache"), origin.RequestCount));
    }

    // With credentials alone the object became everybody's; what is missing would be asked for with this client's signature.
    [Fact]
    [Trait("Behaviour", "B66")]
    public async Task Rest_of_what_was_asked_with_credentials_is_not_asked_for_with_a_signature()
    {
        _file.ExtraFields = ["Cache-Control: public, max-age=60"];
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("Authorization") switch
        {
            null => exchange.RespondAsync("401 Unauthorized"),
            { } signed when signed.StartsWith("AWS4", StringComparison.Ordinal) && exchange.Request.Field("Range") != Range =>
                exchange.RespondAsync("403 Forbidden"),
            _ => _file.AnswerAsync(exchange),
        });
        await using var proxy = await StartAsync(origin, forwardHost: true);
        Assert.Equal(206, (await proxy.GetAsync("/a", "Authorization: Basic YQ==", "Range: bytes=64-127")).StatusCode);

        var response = await proxy.GetAsync("/a", [.. Fields("host;range", isInField: true)[..^1]]);

        Assert.Equal(206, response.StatusCode);
        Assert.Equal(TestContent.Bytes(70, 70, _file.Seed), response.Body);
    }

    private static string[] Fields(string names, bool isInField) =>
    [
        .. isInField ? (string[])[$"Authorization: AWS4-HMAC-SHA256 Credential=K, SignedHeaders={names}, Signature=0"] : [],
        "Range: " + Range, "Accept-Encoding: gzip", "x-amz-date: 20260101T000000Z", "If-None-Match: \"x\"",
    ];

    private Task AnswerAsync(OriginExchange exchange, string names, bool isInField)
    {
        var request = exchange.Request;
        bool isRight = (!isInField || request.Field("Authorization") is not null) && names.Split(';').All(name => name switch
        {
            "range" => request.Field(name) == Range,
            "accept-encoding" => request.Field(name) == "gzip",
            "if-none-match" => request.Field(name) == "\"x\"",
            "host" => request.Field(name) == "test.example",
            _ => request.Field(name) == "20260101T000000Z",
        });
        return isRight ? _file.AnswerAsync(exchange) : exchange.RespondAsync("403 Forbidden", "SignatureDoesNotMatch");
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, bool forwardHost) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 64, options => options with { ForwardHost = forwardHost });
}
