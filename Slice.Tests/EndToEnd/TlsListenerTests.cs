using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Slice.Core.Options;
using Slice.Net.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>TLS towards clients: Kestrel's middleware before our handler, bytes through the pipe writer.</summary>
public sealed class TlsListenerTests : IDisposable
{
    private const int LengthBytes = 3 << 20;

    private readonly RangeFile _file = new(LengthBytes);
    private readonly TestAuthority _authority = new();
    private readonly TestDirectory _directory = new("tls");
    private readonly string _certificate;

    public TlsListenerTests()
    {
        _certificate = _directory.Combine("proxy.pem");
        File.WriteAllText(_certificate, _authority.IssuePem("first.example"));
    }

    public void Dispose()
    {
        _authority.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Object_and_range_come_through_tls_cold_and_warm()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), (await GetAsync(proxy, "")).Body);
            var range = await GetAsync(proxy, "Range: bytes=100000-200000\r\n");
            Assert.Contains("206 Partial", range.Head, StringComparison.Ordinal);
            Assert.Equal(TestContent.Bytes(100000, 100001, _file.Seed), range.Body);
        }

        Assert.Equal(LengthBytes, _file.ContentBytesSent);
        Assert.Equal(200, (await proxy.GetAsync("/health")).StatusCode);
    }

    [Fact]
    [Trait("Behaviour", "B41")]
    public async Task Origin_is_told_that_the_client_came_by_https()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "ok"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/big/"] });

        await GetAsync(proxy, "Cookie: a=b\r\n");
        await proxy.GetAsync("/plain", "Cookie: a=b");

        Assert.Equal(["https", "http"], origin.Requests.Select(request => request.Field("X-Forwarded-Proto")));
    }

    [Fact]
    public async Task Renewed_certificate_is_shown_after_reload_and_a_broken_one_is_not()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        var certificate = proxy.Instance.Parts.Certificate!;
        Assert.Contains("first.example", await ShownAsync(proxy), StringComparison.Ordinal);

        await File.WriteAllTextAsync(_certificate, "no certificate", TestContext.Current.CancellationToken);
        Assert.NotNull(certificate.Reload());
        Assert.Contains("first.example", await ShownAsync(proxy), StringComparison.Ordinal);

        await File.WriteAllTextAsync(_certificate, _authority.IssuePem("second.example"), TestContext.Current.CancellationToken);
        Assert.Null(certificate.Reload());
        Assert.Contains("second.example", await ShownAsync(proxy), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B49")]
    public async Task Certificate_with_the_key_of_another_is_refused_and_the_old_pair_stays()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        string other = _authority.IssuePem("second.example");
        string own = await File.ReadAllTextAsync(_certificate, TestContext.Current.CancellationToken);
        int key = own.IndexOf("-----BEGIN PRIVATE KEY", StringComparison.Ordinal);
        int otherKey = other.IndexOf("-----BEGIN PRIVATE KEY", StringComparison.Ordinal);
        await File.WriteAllTextAsync(_certificate, other[..otherKey] + own[key..], TestContext.Current.CancellationToken);

        Assert.StartsWith("no certificate with its key", proxy.Instance.Parts.Certificate!.Reload(), StringComparison.Ordinal);

        Assert.Contains("first.example", await ShownAsync(proxy), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B36")]
    public async Task Client_without_chunks_sees_by_close_notify_whether_the_body_is_whole(bool isWhole)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" + (isWhole ? "0\r\n\r\n" : ""));
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(proxy.Instance.TlsEndPoint!, TestContext.Current.CancellationToken);
        await using var stream = OriginTlsStream.Over(socket);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "any.example",
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            },
            TestContext.Current.CancellationToken);

        await stream.WriteAsync("GET /page HTTP/1.0\r\nHost: a\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var received = new MemoryStream();
        bool wasReset = false;
        try
        {
            await Deadline.WithinAsync(stream.CopyToAsync(received, TestContext.Current.CancellationToken), "the response ends");
        }
        catch (IOException)
        {
            wasReset = true;
        }

        Assert.Equal(isWhole, !wasReset && !stream.WasCutOff);
        if (isWhole)
        {
            Assert.EndsWith("\r\n\r\nhello", Wire.Text(received.ToArray()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Sighup_reads_the_certificate_again()
    {
        string ca = _directory.Combine("ca.pem");
        await File.WriteAllTextAsync(ca, _authority.Pem, TestContext.Current.CancellationToken);
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var product = await ProductProcess.StartAsync($$$"""
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            upstream_address: {{{origin.Authority}}}
            tls:
              listen_address: 127.0.0.1:0
              certificate: {{{_certificate}}}
              key: {{{_certificate}}}
            """);
        int tlsPort = (await product.TlsEndPointAsync()).Port;
        string[] curl = ["-sS", "--fail", "--cacert", ca, "-r", "1000-2000", "-o", _directory.Combine("part")];
        Assert.Equal(
            0, await CurlAsync([.. curl, "--resolve", $"first.example:{tlsPort}:127.0.0.1", $"https://first.example:{tlsPort}/file"]));
        Assert.Equal(
            TestContent.Bytes(1000, 1001, _file.Seed),
            await File.ReadAllBytesAsync(_directory.Combine("part"), TestContext.Current.CancellationToken));

        await File.WriteAllTextAsync(_certificate, _authority.IssuePem("second.example"), TestContext.Current.CancellationToken);
        product.Signal(1);
        await product.LineAsync("event=certificate_reloaded");
        Assert.Equal(
            0, await CurlAsync([.. curl, "--resolve", $"second.example:{tlsPort}:127.0.0.1", $"https://second.example:{tlsPort}/file"]));

        await File.WriteAllTextAsync(_certificate, "broken", TestContext.Current.CancellationToken);
        product.Signal(1);
        await product.LineAsync("event=certificate_refused");
        Assert.Equal(
            0, await CurlAsync([.. curl, "--resolve", $"second.example:{tlsPort}:127.0.0.1", $"https://second.example:{tlsPort}/file"]));
    }

    [Fact]
    public async Task Broken_certificate_is_an_error_of_the_configuration()
    {
        string config = _directory.Combine("config.yaml");
        await File.WriteAllTextAsync(
            config,
            "upstream_address: origin.example\ntls:\n  listen_address: 127.0.0.1:0\n"
            + $"  certificate: {_directory.Combine("none.pem")}\n  key: {_certificate}\n",
            TestContext.Current.CancellationToken);

        var (exitCode, lines) = await ProductProcess.RunAsync("--check-config", config);

        Assert.Equal(78, exitCode);
        Assert.Contains(
            lines,
            line => line.Contains("config.yaml:4:16: tls.certificate: ", StringComparison.Ordinal)
                && line.Contains("no such file", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Key_that_is_not_there_is_named_by_its_own_line()
    {
        string config = _directory.Combine("config.yaml");
        string missing = _directory.Combine("none.key");
        await File.WriteAllTextAsync(
            config,
            "upstream_address: origin.example\ntls:\n  listen_address: 127.0.0.1:0\n"
            + $"  certificate: {_certificate}\n  key: {missing}\n",
            TestContext.Current.CancellationToken);

        var (exitCode, lines) = await ProductProcess.RunAsync("--check-config", config);

        Assert.Equal(78, exitCode);
        Assert.Contains(lines, line => line.Contains($"config.yaml:5:8: tls.key: {missing}: no such file", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Plain_http_on_the_tls_port_gets_no_answer_and_disturbs_nobody()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.Instance.TlsEndPoint!);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        await client.ReadToCloseAsync();

        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), (await GetAsync(proxy, "")).Body);
        Assert.Equal(1, origin.Requests.Count(request => request.Range is { First: 0 }));
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Tunnel_that_the_origin_ends_delivers_every_byte_and_then_the_end()
    {
        const int TailBytes = 300_000;
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            await exchange.SendAsync(TestContent.Bytes(0, TailBytes, seed: 1));
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin);
        await using var stream = await ConnectAsync(proxy);
        var ct = TestContext.Current.CancellationToken;

        await stream.WriteAsync("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"u8.ToArray(), ct);
        using var received = new MemoryStream();
        await Deadline.WithinAsync(stream.CopyToAsync(received, ct), "the tunnel ends");

        byte[] bytes = received.ToArray();
        int end = bytes.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        Assert.StartsWith("HTTP/1.1 101 ", Wire.Text(bytes.AsSpan(0, end)), StringComparison.Ordinal);
        Assert.Equal(TestContent.Bytes(0, TailBytes, seed: 1), bytes[end..]);
    }

    [Fact]
    public async Task Head_and_short_body_of_a_hit_are_one_record_and_long_bodies_fill_theirs()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        Assert.Equal(LengthBytes, (await GetAsync(proxy, "")).Body.Length);
        TlsRecordStream records = null!;
        await using var stream = await ConnectAsync(proxy, network => records = new TlsRecordStream(network));

        // The first answer may come with session tickets.
        await AskAsync("bytes=0-0");
        int before = records.Lengths.Count;
        await AskAsync("bytes=1000-4999");
        Assert.Single(records.Lengths.Skip(before));

        before = records.Lengths.Count;
        await AskAsync("bytes=0-1048575");
        int[] lengths = [.. records.Lengths.Skip(before)];
        Assert.InRange(lengths.Length, 1 << 20 >> 14, (1 << 20 >> 14) + 20);

        async Task AskAsync(string range)
        {
            var ct = TestContext.Current.CancellationToken;
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET /file HTTP/1.1\r\nHost: a\r\nRange: {range}\r\n\r\n"), ct);
            var received = new List<byte>();
            byte[] some = new byte[64 << 10];
            int[] bounds = [.. range["bytes=".Length..].Split('-').Select(int.Parse)];
            int length = bounds[1] - bounds[0] + 1;
            int end = -1;
            while (end < 0 || received.Count < end + length)
            {
                received.AddRange(some[..await stream.ReadAtLeastAsync(some, 1, cancellationToken: ct)]);
                int mark = received.ToArray().AsSpan().IndexOf("\r\n\r\n"u8);
                end = end < 0 && mark >= 0 ? mark + 4 : end;
            }

            Assert.Equal(TestContent.Bytes(bounds[0], length, _file.Seed), received.ToArray()[end..]);
        }
    }

    private static async Task<int> CurlAsync(params string[] arguments)
    {
        using var process = ChildProcess.Start("curl", arguments, "the Debian package curl");
        return await process.ExitedAsync();
    }

    private static async Task<string> ShownAsync(ProxyUnderTest proxy)
    {
        await using var stream = await ConnectAsync(proxy);
        return stream.RemoteCertificate!.Subject;
    }

    private static async Task<SslStream> ConnectAsync(ProxyUnderTest proxy, Func<Stream, Stream>? watch = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(proxy.Instance.TlsEndPoint!, TestContext.Current.CancellationToken);
        var network = new NetworkStream(socket, ownsSocket: true);
        var stream = new SslStream(watch?.Invoke(network) ?? network);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "any.example",
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            },
            TestContext.Current.CancellationToken);
        Assert.Equal(SslApplicationProtocol.Http11, stream.NegotiatedApplicationProtocol);
        return stream;
    }

    private static async Task<(string Head, byte[] Body)> GetAsync(ProxyUnderTest proxy, string fieldLines)
    {
        await using var stream = await ConnectAsync(proxy);
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fieldLines}\r\n"),
            TestContext.Current.CancellationToken);
        using var received = new MemoryStream();
        await stream.CopyToAsync(received, TestContext.Current.CancellationToken);
        byte[] bytes = received.ToArray();
        int end = bytes.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        return (Encoding.ASCII.GetString(bytes, 0, end), bytes[end..]);
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 64 << 10, options => (configure?.Invoke(options) ?? options) with
        {
            Tls = new TlsOptions
            {
                ListenAddress = new IPEndPoint(IPAddress.Loopback, 0).ToString(),
                Certificate = _certificate,
                Key = _certificate,
            },
        });
}
