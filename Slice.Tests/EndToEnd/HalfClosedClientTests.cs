using System.Net.NetworkInformation;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Net.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A client may end its direction behind its request and read the answer (RFC 9112 §9.6); who closed the connection does not hold up
/// others for long (B54).
/// </summary>
public sealed class HalfClosedClientTests
{
    private const string Get = "GET /file HTTP/1.1\r\nHost: x\r\n\r\n";

    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Stored_object_is_answered()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");

        for (int time = 0; time < 20; time++)
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(Get);
            client.FinishSending();
            Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), (await client.ReadResponseAsync()).Body);
            await client.ExpectClosedAsync();
        }
    }

    [Theory]
    [Trait("Behaviour", "B36")]
    [InlineData(Get)]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=6-9\r\n\r\n")]
    [InlineData("GET /file HTTP/1.0\r\n\r\n")]
    [InlineData("GET /file HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /page HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET /page HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\n\r\n")]
    [InlineData("GET /page HTTP/1.0\r\nCookie: a=b\r\n\r\n")]
    [InlineData("POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")]
    [InlineData("POST /form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n")]
    [InlineData("DELETE /it HTTP/1.1\r\nHost: x\r\n\r\n")]
    public async Task Slow_origin_is_waited_for(string request)
    {
        await using var origin = StartWaitingOrigin();
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/file"] });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(request);
        await origin.RequestsArrivedAsync(1);

        client.FinishSending();
        await NoticedAsync(proxy, client);
        Pass(20);
        _gate.SetResult();

        var response = await client.ReadResponseAsync();
        var whole = TestContent.Bytes(0, 16, _file.Seed);
        Assert.Equal(request.Contains("Range", StringComparison.Ordinal) ? whole[6..10] : whole, response.Body);
        await client.ExpectClosedAsync();
        await Eventually.TrueAsync(() => proxy.Exchanges.Count > 0, "the exchange is over");
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Requests_that_came_before_the_end_are_all_answered()
    {
        await using var origin = StartWaitingOrigin();
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(
            Get + "POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab" + "GET /other HTTP/1.1\r\nHost: x\r\n\r\n");
        client.FinishSending();
        await NoticedAsync(proxy, client);
        _gate.SetResult();

        for (int answer = 0; answer < 3; answer++)
        {
            Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), (await client.ReadResponseAsync()).Body);
        }

        await client.ExpectClosedAsync();
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Client_over_tls_is_answered()
    {
        using var authority = new TestAuthority();
        using var directory = new TestDirectory("half-closed");
        string certificate = directory.Combine("proxy.pem");
        await File.WriteAllTextAsync(certificate, authority.IssuePem("a.example"), TestContext.Current.CancellationToken);
        await using var origin = StartWaitingOrigin();
        await using var proxy = await StartAsync(origin, options => options with
        {
            Tls = new TlsOptions { ListenAddress = "127.0.0.1:0", Certificate = certificate, Key = certificate },
        });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(proxy.Instance.TlsEndPoint!, TestContext.Current.CancellationToken);
        await using var stream = OriginTlsStream.Over(socket);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "a.example",
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            },
            TestContext.Current.CancellationToken);
        await stream.WriteAsync(Wire.Bytes(Get), TestContext.Current.CancellationToken);
        await origin.RequestsArrivedAsync(1);

        await stream.ShutdownAsync();
        socket.Shutdown(SocketShutdown.Send);
        await NoticedAsync(proxy, ((System.Net.IPEndPoint)socket.LocalEndPoint!).Port);
        Pass(20);
        _gate.SetResult();

        using var received = new MemoryStream();
        await Deadline.WithinAsync(stream.CopyToAsync(received, TestContext.Current.CancellationToken), "the response ends");
        Assert.EndsWith(
            "\r\n\r\n" + Wire.Text(TestContent.Bytes(0, 16, _file.Seed)), Wire.Text(received.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Answer_that_goes_on_is_sent_to_its_end_however_long_it_takes()
    {
        using var pieces = new SemaphoreSlim(0);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
            for (int piece = 0; piece < 5; piece++)
            {
                await exchange.WaitAsync(pieces.WaitAsync(exchange.Stopped));
                await exchange.SendAsync("x");
            }
        });
        await using var proxy = await StartAsync(
            origin, options => options with { Timeouts = options.Timeouts with { BetweenBytes = s_day } });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        client.FinishSending();
        await client.ReadHeadAsync();
        await NoticedAsync(proxy, client);

        for (int piece = 0; piece < 5; piece++)
        {
            Pass(20);
            pieces.Release();
            Assert.Equal("x", Wire.Text(await client.ReadBytesAsync(1)));
        }

        await client.ExpectClosedAsync();
    }

    [Fact]
    public async Task Client_that_takes_nothing_is_given_up_when_its_time_is_over()
    {
        await using var origin = StartWaitingOrigin();
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(Get);
        await origin.RequestsArrivedAsync(1);
        client.FinishSending();

        await PassingTime.UntilAsync(_time, () => IsIdle(proxy), "the client is given up");

        // If it is there after all, it must not take what it got for whole.
        await client.ExpectResetAsync();
    }

    [Fact]
    public async Task Client_that_resets_the_connection_is_noticed_at_once()
    {
        await using var origin = StartWaitingOrigin();
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(Get);
        await origin.RequestsArrivedAsync(1);

        client.Abort();

        // The time stands still.
        await Eventually.TrueAsync(() => IsIdle(proxy), "the reset is noticed");
    }

    [Fact]
    public async Task Client_that_ends_its_direction_is_gone_at_once_where_no_time_is_allowed()
    {
        await using var origin = StartWaitingOrigin();
        await using var proxy = await StartAsync(
            origin, options => options with { Timeouts = options.Timeouts with { HalfClosed = TimeSpan.Zero } });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(Get);
        await origin.RequestsArrivedAsync(1);

        client.FinishSending();

        await Eventually.TrueAsync(() => IsIdle(proxy), "the end of the stream is noticed");
    }

    // The gate of what is passed through never makes room by itself, and the client would have a day.
    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Client_that_closed_makes_room_for_who_waits()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Target == "/first"
            ? exchange.ClientClosedAsync()
            : exchange.RespondAsync("200 OK", "second"));
        await using var proxy = await StartAsync(origin, options => options with
        {
            Limits = options.Limits with { MaxPassthroughRequests = 1 },
            Timeouts = options.Timeouts with { HalfClosed = s_day, FirstByte = s_day, OriginQueue = s_day },
        });
        using (var first = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await first.SendAsync(RawClient.Request("POST", "/first"));
            await origin.RequestsArrivedAsync(1);
        }

        using var second = await RawClient.ConnectAsync(proxy.EndPoint);
        await second.SendAsync(RawClient.Request("POST", "/second"));

        var response = await PassingTime.UntilAsync(_time, second.ReadResponseAsync(), "the second request to have its turn");
        Assert.Equal("second", response.BodyText);
    }

    [Fact]
    [Trait("Behaviour", "B49")]
    public async Task Client_is_answered_while_the_process_drains()
    {
        await using var origin = StartWaitingOrigin();
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(Get);
        await origin.RequestsArrivedAsync(1);
        client.FinishSending();
        await NoticedAsync(proxy, client);

        var stopping = proxy.Instance.StopAsync();
        _gate.SetResult();

        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), (await client.ReadResponseAsync()).Body);
        await Deadline.WithinAsync(stopping, "the proxy stops");
    }

    private static bool IsIdle(ProxyUnderTest proxy) => proxy.Instance.Parts.Meter.ActiveRequests.Value == 0;

    private static Task NoticedAsync(ProxyUnderTest proxy, RawClient client) => NoticedAsync(proxy, client.LocalEndPoint.Port);

    // The kernel has the end of the client's stream. What follows it through the same event loop is answered after the proxy has seen it.
    private static async Task NoticedAsync(ProxyUnderTest proxy, int clientPort)
    {
        await Eventually.TrueAsync(
            () => IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections().Any(
                connection => connection.RemoteEndPoint.Port == clientPort && connection.State == TcpState.CloseWait),
            "the end of the client's stream arrives");
        for (int look = 0; look < 3; look++)
        {
            Assert.Equal(200, (await proxy.GetAsync("/health")).StatusCode);
        }
    }

    private ScriptedOrigin StartWaitingOrigin() => ScriptedOrigin.Start(async exchange =>
    {
        await exchange.WaitAsync(_gate.Task);
        if (exchange.Request.Method == "GET" && exchange.Request.Target != "/page")
        {
            await _file.AnswerAsync(exchange);
        }
        else
        {
            await exchange.RespondAsync("200 OK", Wire.Text(TestContent.Bytes(0, 16, _file.Seed)));
        }
    });

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, configure, _time);

    private void Pass(int seconds)
    {
        for (int second = 0; second < seconds; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
