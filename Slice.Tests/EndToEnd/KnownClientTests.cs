using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Where strangers are refused, a client's own request goes out; others get of its answer what the origin gives to all who are known, and
/// nothing that the client alone has made (B50).
/// </summary>
[Trait("Behaviour", "B50")]
public sealed class KnownClientTests
{
    private const int SliceBytes = 8;
    private const string Credentials = "Authorization: Basic YQ==";

    private readonly RangeFile _file = new(4 * SliceBytes) { ETag = "\"v1\"", ExtraFields = ["Cache-Control: max-age=60, public"] };

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, configure);

    private static bool IsKnown(OriginExchange exchange) =>
        exchange.Request.Field("Authorization") is not null || exchange.Request.Field("Cookie") is not null;

    private ScriptedOrigin OfKnown() => ScriptedOrigin.Start(
        exchange => IsKnown(exchange) ? _file.AnswerAsync(exchange) : exchange.RespondAsync("401 Unauthorized"));

    [Theory]
    [InlineData("X_Forwarded_Host: evil.example")]
    [InlineData("Foo.Bar: evil")]
    [InlineData("X-Api-Key: evil")]
    public async Task Answer_to_a_request_with_more_than_credentials_is_that_clients(string field)
    {
        await using var origin = OfKnown();
        await using var proxy = await StartAsync(origin);

        Assert.Equal(200, (await proxy.GetAsync("/file", Credentials, field)).StatusCode);

        Assert.Equal(401, (await proxy.GetAsync("/file")).StatusCode);
    }

    [Fact]
    public async Task Public_answer_to_credentials_alone_is_everybodys()
    {
        await using var origin = OfKnown();
        await using var proxy = await StartAsync(origin);

        Assert.Equal(200, (await proxy.GetAsync("/file", Credentials)).StatusCode);

        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    // The object is everybody's; later parts of it are asked for with the credentials that the origin wants, and nothing else.
    [Theory]
    [InlineData("/file", "X_Forwarded_Host: evil.example")]
    [InlineData("/x/../file", "X_Forwarded_Host: evil.example")]
    public async Task Further_parts_of_a_public_object_are_asked_for_in_normal_form_with_credentials_alone(string target, string field)
    {
        await using var origin = OfKnown();
        await using var proxy = await StartAsync(origin);
        Assert.Equal(206, (await proxy.GetAsync("/file", Credentials, "Range: bytes=0-1")).StatusCode);
        int before = origin.RequestCount;

        Assert.Equal(_file.LengthBytes, (await proxy.GetAsync(target, Credentials, field)).Body.Length);

        Assert.All(origin.Requests.Skip(before), request =>
        {
            Assert.Equal("/file", request.Target);
            Assert.Null(request.Field(field.Split(':')[0]));
            Assert.NotNull(request.Field("Authorization"));
        });
    }

    [Theory]
    [InlineData("SITE.example")]
    [InlineData("site.example.")]
    [InlineData("site.example:80")]
    public async Task Own_request_that_may_be_shared_names_the_host_in_normal_form(string host)
    {
        await using var origin = OfKnown();
        await using var proxy = await StartAsync(origin, options => options with { ForwardHost = true });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync($"GET /file HTTP/1.1\r\nHost: {host}\r\n{Credentials}\r\n\r\n");
        Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);

        Assert.All(origin.Requests, request => Assert.Equal("site.example", request.Field("Host")));
    }

    [Theory]
    [InlineData("Cookie: alice", "max-age=60, must-revalidate", false)]
    [InlineData("Cookie: alice", "max-age=60, public", true)]
    [InlineData("Authorization: Basic YQ==", "max-age=60, must-revalidate", true)]
    [InlineData("Authorization: Basic YQ==", "max-age=60", false)]
    public async Task Answer_to_credentials_is_shared_when_it_says_so(string credentials, string cacheControl, bool isShared)
    {
        _file.ExtraFields = ["Cache-Control: " + cacheControl];
        await using var origin = OfKnown();
        await using var proxy = await StartAsync(origin);

        Assert.Equal(200, (await proxy.GetAsync("/file", credentials)).StatusCode);

        Assert.Equal(isShared ? 200 : 401, (await proxy.GetAsync("/file")).StatusCode);
    }

    // A 304 with this client's fields must not go into everybody's, nor does an own request validate what is stored for all.
    [Fact]
    public async Task Own_request_of_a_refused_client_leaves_what_is_stored_as_it_is()
    {
        bool refuses = false;
        await using var origin = ScriptedOrigin.Start(exchange =>
            refuses && !IsKnown(exchange) ? exchange.RespondAsync("401 Unauthorized")
            : !IsKnown(exchange) ? _file.AnswerAsync(exchange)
            : exchange.Request.Field("If-None-Match") is not null
                ? exchange.RespondAsync("304 Not Modified", "", "ETag: \"v1\"", "X-Account: alice", "Cache-Control: max-age=60, public")
            : exchange.RespondAsync("200 OK", "alice", "X-Account: alice", "Cache-Control: private"));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");

        refuses = true;
        Assert.Equal("alice", (await proxy.GetAsync("/file", Credentials, "Cache-Control: no-cache")).BodyText);

        var stranger = await proxy.GetAsync("/file");
        Assert.Equal("HIT", stranger.Field("X-Cache"));
        Assert.Null(stranger.Field("X-Account"));
        Assert.Equal(_file.LengthBytes, stranger.Body.Length);
    }

    [Fact]
    public async Task Part_that_strangers_are_refused_later_is_asked_for_by_the_client_itself()
    {
        _file.ExtraFields = ["Cache-Control: max-age=60"];
        await using var origin = ScriptedOrigin.Start(exchange =>
            IsKnown(exchange) || exchange.Request.Range is { First: 0 }
                ? _file.AnswerAsync(exchange)
                : exchange.RespondAsync("403 Forbidden"));
        await using var proxy = await StartAsync(origin);

        byte[] content = new byte[_file.LengthBytes];
        _file.Content(0, content);
        for (int time = 0; time < 2; time++)
        {
            Assert.Equal(content, (await proxy.GetAsync("/file", Credentials)).Body.ToArray());
        }

        // What came with the credentials has not become everybody's.
        using var stranger = await RawClient.ConnectAsync(proxy.EndPoint);
        await stranger.SendAsync(RawClient.Request("GET", "/file", "Range: bytes=8-15"));
        Assert.Equal(403, (await stranger.ReadResponseAsync()).StatusCode);
    }

    [Theory]
    [InlineData("X-Tenant: a")]
    [InlineData("Cookie: a")]
    public async Task Client_by_whose_own_field_the_answer_varies_gets_its_own(string field)
    {
        string name = field.Split(':')[0];
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(
            "200 OK", "for " + (exchange.Request.Field(name) ?? "nobody"), "Vary: " + name, "Cache-Control: max-age=60"));
        await using var proxy = await StartAsync(origin);

        for (int time = 0; time < 2; time++)
        {
            Assert.Equal("for a", (await proxy.GetAsync("/file", field)).BodyText);
            Assert.Equal("for nobody", (await proxy.GetAsync("/file")).BodyText);
        }
    }

    // One refused request with a field of its own must not make the object unshareable for all who have one.
    [Fact]
    public async Task Client_that_is_refused_as_itself_too_changes_nothing_for_others()
    {
        _file.ExtraFields = ["Cache-Control: max-age=60"];
        await using var origin = ScriptedOrigin.Start(exchange =>
            exchange.Request.Field("Referer") is null ? _file.AnswerAsync(exchange) : exchange.RespondAsync("403 Forbidden"));
        await using var proxy = await StartAsync(origin);
        Assert.Equal(403, (await proxy.GetAsync("/file", "Referer: http://evil.example/", "X-A: 1")).StatusCode);

        Assert.Equal(200, (await proxy.GetAsync("/file", "Cookie: a=1")).StatusCode);

        Assert.Equal("HIT", (await proxy.GetAsync("/file", "Cookie: b=1")).Field("X-Cache"));
    }
}
