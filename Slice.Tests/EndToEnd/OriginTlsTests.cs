using Slice.Core.Options;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>An origin behind TLS: who it must prove to be, and what happens when it cannot (B21).</summary>
public sealed class OriginTlsTests : IDisposable
{
    private readonly RangeFile _file = new(64);
    private readonly TestAuthority _authority = new();
    private readonly TestDirectory _directory = new("tls");
    private readonly string _caFile;

    public OriginTlsTests()
    {
        _caFile = _directory.Combine("ca.pem");
        File.WriteAllText(_caFile, _authority.Pem);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _directory.Dispose();
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Object_comes_in_slices_from_an_origin_that_the_ca_file_vouches_for()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        using var certificate = _authority.Issue("localhost");
        await using var front = new TlsFront(origin, certificate);
        await using var proxy = await StartAsync(front.UriOf("localhost"));

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 64, _file.Seed), response.Body);
        Assert.Equal(8, origin.RequestCount);
        Assert.All(front.ServerNames, name => Assert.Equal("localhost", name));
        Assert.All(origin.Requests, request => Assert.Equal($"localhost:{front.Port}", request.Field("Host")));
        Assert.DoesNotContain(proxy.Log, line => line.Contains("verify", StringComparison.Ordinal));
        Assert.Equal(1, await proxy.MetricAsync($"origin_healthy{{address=\"https://localhost:{front.Port}\"}}"));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Server_name_of_the_configuration_goes_into_sni_and_must_be_in_the_certificate()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        using var certificate = _authority.Issue("origin.example");
        await using var front = new TlsFront(origin, certificate);
        await using var proxy = await StartAsync(front.UriOf("127.0.0.1"), tls => tls with { ServerName = "origin.example" });

        Assert.Equal(TestContent.Bytes(0, 64, _file.Seed), (await proxy.GetAsync("/file")).Body);
        Assert.All(front.ServerNames, name => Assert.Equal("origin.example", name));
        Assert.All(origin.Requests, request => Assert.Equal($"127.0.0.1:{front.Port}", request.Field("Host")));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Client_that_names_another_host_does_not_choose_whom_the_origin_must_be()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        using var certificate = _authority.Issue("localhost");
        await using var front = new TlsFront(origin, certificate);
        await using var proxy = await StartAsync(front.UriOf("localhost"), forwardHost: true);

        Assert.Equal(TestContent.Bytes(0, 64, _file.Seed), (await proxy.GetAsync("/file")).Body);
        Assert.All(origin.Requests, request => Assert.Equal("test.example", request.Field("Host")));
        Assert.All(front.ServerNames, name => Assert.Equal("localhost", name));
    }

    [Fact]
    public async Task Address_without_a_name_is_verified_by_its_ip_address()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        using var certificate = _authority.Issue("127.0.0.1");
        await using var front = new TlsFront(origin, certificate);
        await using var proxy = await StartAsync(front.UriOf("127.0.0.1"));

        Assert.Equal(TestContent.Bytes(0, 64, _file.Seed), (await proxy.GetAsync("/file")).Body);
    }

    [Theory]
    [InlineData("other.example", 2, "the certificate is not for localhost")]
    [InlineData("localhost", 0.5, "the certificate has expired (")]
    [Trait("Behaviour", "B21")]
    public async Task Certificate_of_another_name_or_time_is_refused_with_502(string name, double days, string reason)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        using var certificate = _authority.Issue(name, days);
        await using var front = new TlsFront(origin, certificate);
        await using var proxy = await StartAsync(front.UriOf("localhost"));

        await AssertRefusedAsync(proxy, reason);
        Assert.Equal(0, origin.RequestCount);
        Assert.Single(front.ServerNames);
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Certificate_of_an_unknown_authority_is_refused_by_the_store_of_the_system()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        using var certificate = _authority.Issue("localhost");
        await using var front = new TlsFront(origin, certificate);
        await using var proxy = await StartAsync(front.UriOf("localhost"), tls => tls with { CaFile = null });

        await AssertRefusedAsync(proxy, "the certificate has no complete chain to a trusted authority");
        Assert.Equal(0, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Certificate_of_an_authority_that_is_not_in_the_ca_file_is_refused()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        using var other = new TestAuthority();
        using var certificate = other.Issue("localhost");
        await using var front = new TlsFront(origin, certificate);
        await using var proxy = await StartAsync(front.UriOf("localhost"));

        await AssertRefusedAsync(proxy, "the certificate");
        Assert.Equal(0, origin.RequestCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Behaviour", "B21")]
    public async Task Self_signed_certificate_is_refused_unless_it_is_in_the_ca_file(bool isInCaFile)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        using var certificate = TestAuthority.SelfSigned("localhost");
        string file = _directory.Combine("self.pem");
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await using var front = new TlsFront(origin, certificate);
        await using var proxy = await StartAsync(front.UriOf("localhost"), tls => tls with { CaFile = isInCaFile ? file : null });

        if (isInCaFile)
        {
            Assert.Equal(TestContent.Bytes(0, 64, _file.Seed), (await proxy.GetAsync("/file")).Body);
        }
        else
        {
            await AssertRefusedAsync(proxy, "the certificate comes from an authority that is not trusted");
        }
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Without_verification_any_certificate_will_do_and_the_log_warns()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        using var certificate = _authority.Issue("other.example", days: 0.5);
        await using var front = new TlsFront(origin, certificate);
        await using var proxy = await StartAsync(front.UriOf("localhost"), tls => new UpstreamTlsOptions { Verify = false });

        Assert.Equal(TestContent.Bytes(0, 64, _file.Seed), (await proxy.GetAsync("/file")).Body);
        Assert.Single(
            proxy.Log, line => line.StartsWith("Warning origin_not_verified upstream_tls.verify is false", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Address_with_a_bad_certificate_rests_and_the_other_serves()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        using var bad = _authority.Issue("other.example");
        using var good = _authority.Issue("localhost");
        await using var badFront = new TlsFront(origin, bad);
        await using var goodFront = new TlsFront(origin, good);
        await using var proxy = await StartAsync(
            badFront.UriOf("localhost"),
            configure: options => options with { UpstreamAddresses = [badFront.UriOf("localhost"), goodFront.UriOf("localhost")] });

        Assert.Equal(TestContent.Bytes(0, 64, _file.Seed), (await proxy.GetAsync("/file")).Body);
        Assert.Equal(0, await proxy.MetricAsync($"origin_healthy{{address=\"https://localhost:{badFront.Port}\"}}"));
        Assert.Contains(proxy.Log, line => line.StartsWith("Warning origin_rests", StringComparison.Ordinal)
            && line.Contains("tls_certificate_error", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Upload_passes_through_tls()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("201 Created", "made"));
        using var certificate = _authority.Issue("localhost");
        await using var front = new TlsFront(origin, certificate);
        await using var proxy = await StartAsync(front.UriOf("localhost"));
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");

        Assert.Equal("made", (await client.ReadResponseAsync()).BodyText);
        Assert.Equal("body", Wire.Text(Assert.Single(origin.Requests).Body.Span));
    }

    [Theory]
    [InlineData("TLSv1.1", null)]
    [InlineData("TLSv1.2", "origin.example TLSv1.2")]
    [InlineData("TLSv1.3", "origin.example TLSv1.3")]
    [Trait("Behaviour", "B21")]
    public async Task Nginx_with_tls_is_an_origin_and_sees_the_name_unless_its_version_is_too_old(string version, string? seen)
    {
        using var certificate = _authority.Issue("origin.example");
        await File.WriteAllTextAsync(
            _directory.Combine("server.pem"), certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        using (var key = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(certificate)!)
        {
            await File.WriteAllTextAsync(
                _directory.Combine("server.key"), key.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        }

        await File.WriteAllBytesAsync(_directory.Combine("file"), TestContent.Bytes(0, 64, seed: 1), TestContext.Current.CancellationToken);
        await using var nginx = await NginxServer.StartAsync($$$"""
            server {
                listen 127.0.0.1:{{port}} ssl;
                ssl_certificate {{{_directory.Combine("server.pem")}}};
                ssl_certificate_key {{{_directory.Combine("server.key")}}};
                ssl_protocols {{{version}}};
                ssl_ciphers ALL:@SECLEVEL=0;
                root {{{_directory.Path}}};
                location = /name { return 200 "$ssl_server_name $ssl_protocol"; }
            }
            """);
        await using var proxy = await StartAsync(
            new Uri($"https://127.0.0.1:{nginx.Port}"), tls => tls with { ServerName = "origin.example" });

        var file = await proxy.GetAsync("/file");
        var name = await proxy.GetAsync("/name");

        Assert.Equal(seen is null ? 502 : 200, file.StatusCode);
        if (seen is not null)
        {
            Assert.Equal(TestContent.Bytes(0, 64, seed: 1), file.Body);
            Assert.Equal(seen, name.BodyText);
        }
    }

    [Theory]
    [InlineData("/file", true)]
    [InlineData("/file", false)]
    [InlineData("/page", true)]
    [InlineData("/page", false)]
    [Trait("Behaviour", "B21")]
    public async Task Body_that_ends_with_the_connection_is_whole_only_after_close_notify(string path, bool saysClose)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it, or only the beginning?");
            await exchange.CloseAsync();
        });
        using var certificate = _authority.Issue("localhost");
        await using var front = new TlsFront(origin, certificate) { SaysClose = saysClose };
        await using var proxy = await StartAsync(
            front.UriOf("localhost"), configure: options => options with { SlicePatterns = ["^/file"] });

        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", path, "Connection: close"));
        string received = await client.ReadToCloseAsync();

        Assert.StartsWith("HTTP/1.1 200 ", received, StringComparison.Ordinal);
        Assert.Equal(saysClose, received.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Origin_without_tls_on_its_port_is_502()
    {
        await using var nginx = await NginxServer.StartStaticAsync(_directory.Path);
        await using var proxy = await StartAsync(new Uri($"https://127.0.0.1:{nginx.Port}"));

        var response = await proxy.GetAsync("/file");

        Assert.Equal("HTTP/1.1 502 Bad Gateway", response.StatusLine);
        Assert.Contains("tls_protocol_error", response.BodyText, StringComparison.Ordinal);
        Assert.Contains(proxy.Log, line => line.Contains("no TLS: ", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B20")]
    [Trait("Behaviour", "B21")]
    public async Task Handshake_that_never_comes_is_504_when_the_time_to_connect_is_over()
    {
        // Takes the connection and waits for the end of a request head, which no ClientHello has.
        await using var origin = ScriptedOrigin.Start(_ => Task.CompletedTask);
        await using var proxy = await StartAsync(
            new Uri($"https://{origin.Authority}"),
            configure: options => options with
            {
                MaxRetries = 0,
                Timeouts = new TimeoutOptions { Connect = TimeSpan.FromMilliseconds(50) },
            });

        var response = await proxy.GetAsync("/file");

        Assert.Equal("HTTP/1.1 504 Gateway Timeout", response.StatusLine);
        Assert.Contains("connection_timeout", response.BodyText, StringComparison.Ordinal);
        Assert.Equal((1, 0), (origin.ConnectionCount, origin.RequestCount));
    }

    [Fact]
    public async Task Ca_file_that_has_gone_since_the_configuration_was_read_is_named_at_start()
    {
        string file = _directory.Combine("gone.pem");
        var error = await Assert.ThrowsAsync<InstanceStartException>(
            () => StartAsync(new Uri("https://localhost"), tls => tls with { CaFile = file }));
        Assert.Equal($"upstream_tls.ca_file: {file}: no such file", error.Message);
    }

    private static async Task AssertRefusedAsync(ProxyUnderTest proxy, string reason)
    {
        var response = await proxy.GetAsync("/file");
        Assert.Equal("HTTP/1.1 502 Bad Gateway", response.StatusLine);
        Assert.Contains("tls_certificate_error", response.BodyText, StringComparison.Ordinal);
        string line = Assert.Single(proxy.Log, line => line.StartsWith("Warning origin_failed", StringComparison.Ordinal));
        Assert.Contains(reason, line, StringComparison.Ordinal);

        // Who is the wrong one now will be the wrong one in a moment.
        Assert.Equal(0, await proxy.MetricAsync("retried_subrequests_total"));
    }

    private Task<ProxyUnderTest> StartAsync(
        Uri address,
        Func<UpstreamTlsOptions, UpstreamTlsOptions>? tls = null,
        bool forwardHost = false,
        Func<SliceOptions, SliceOptions>? configure = null)
    {
        var trusting = new UpstreamTlsOptions { CaFile = _caFile };
        return ProxyUnderTest.StartAsync(address, sliceSizeBytes: 8, options =>
        {
            options = options with { ForwardHost = forwardHost, MaxRetries = 1, UpstreamTls = tls?.Invoke(trusting) ?? trusting };
            return configure?.Invoke(options) ?? options;
        });
    }
}
