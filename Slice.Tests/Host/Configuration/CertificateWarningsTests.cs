using Slice.Core.Options;
using Slice.Host.CommandLine;
using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Configuration;

/// <summary>Certificates that are expired or end soon are warned of. It is no error: a start in the night after the end succeeds.</summary>
public sealed class CertificateWarningsTests : IDisposable
{
    private readonly TestDirectory _directory = new("period");
    private readonly TestAuthority _authority = new();
    private readonly string _certificate;
    private readonly SliceOptions _options;

    public CertificateWarningsTests()
    {
        _certificate = _directory.Combine("proxy.pem");
        File.WriteAllText(_certificate, _authority.IssuePem("files.example"));
        _options = new SliceOptions
        {
            Tls = new TlsOptions { ListenAddress = "127.0.0.1:8443", Certificate = _certificate, Key = _certificate },
        };
    }

    public void Dispose()
    {
        _authority.Dispose();
        _directory.Dispose();
    }

    // The certificate is valid from a day ago for two days.
    [Theory]
    [InlineData(-2, "is not valid before ")]
    [InlineData(0, "ends in ")]
    [InlineData(2, "has expired on ")]
    public void Certificate_for_clients_is_warned_of(int daysFromNow, string problem) => Assert.StartsWith(
        $"tls.certificate: {_certificate}: the certificate of CN=files.example {problem}",
        Assert.Single(CertificateWarnings.Of(_options, DateTimeOffset.UtcNow.AddDays(daysFromNow))).ToString(),
        StringComparison.Ordinal);

    [Fact]
    public void Certificate_of_a_port_that_is_not_open_is_not_looked_at() => Assert.Empty(
        CertificateWarnings.Of(_options with { Tls = _options.Tls with { ListenAddress = null } }, DateTimeOffset.UtcNow));

    [Theory]
    [InlineData("upstream_tls.ca_file")]
    [InlineData("shared_cache.tls_ca_file")]
    public void Expired_authority_is_warned_of(string name)
    {
        string caFile = _directory.Combine("ca.pem");
        File.WriteAllText(caFile, _authority.Pem);
        SliceOptions options = OptionTable.Find(name)!.With(new SliceOptions(), caFile);
        Assert.StartsWith(
            $"{name}: {caFile}: the certificate of CN=Test Authority has expired on ",
            Assert.Single(CertificateWarnings.Of(options, DateTimeOffset.UtcNow.AddDays(3))).ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Check_of_the_configuration_warns_and_succeeds()
    {
        string path = _directory.Combine("f.yaml");
        File.WriteAllText(
            path,
            $"upstream_address: a:1\ntls:\n  listen_address: 127.0.0.1:8443\n  certificate: {_certificate}\n  key: {_certificate}\n");
        using var output = new StringWriter();
        using var error = new StringWriter();

        int exitCode = ConfigurationCheck.Run(new ConfigurationRequest { Files = [path] }, _ => null, output, error);

        Assert.Equal(0, exitCode);
        Assert.StartsWith($"warning: tls.certificate: {_certificate}: ", error.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("# configuration ok\n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_with_a_certificate_that_ends_soon_warns_and_serves()
    {
        await using var product = await ProductProcess.StartAsync($$$"""
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            upstream_address: 127.0.0.1:9
            tls:
              listen_address: 127.0.0.1:0
              certificate: {{{_certificate}}}
              key: {{{_certificate}}}
            """);
        string line = await product.LineAsync("event=certificate_period");
        Assert.Contains("level=warn", line, StringComparison.Ordinal);
        Assert.Contains("CN=files.example ends in ", line, StringComparison.Ordinal);
        Assert.Contains($" key=tls.certificate file={_certificate} ends_at=20", line, StringComparison.Ordinal);
        Assert.Contains("Z days_left=0 todo=\"renew the file, and reload", line, StringComparison.Ordinal);
    }
}
