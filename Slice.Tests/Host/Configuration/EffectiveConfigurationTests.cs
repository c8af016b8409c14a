using CsCheck;
using Slice.Core.Options;
using Slice.Host.CommandLine;
using Slice.Host.Configuration;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Configuration;

public sealed class EffectiveConfigurationTests : IDisposable
{
    private readonly ConfigurationFiles _files = new();
    private readonly TestAuthority _authority = new();

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Fact]
    public void Defaults_read_back_as_they_were() =>
        AssertReadsBack(new SliceOptions { UpstreamAddresses = [new Uri("http://origin.example:80")] });

    // No type of a shared cache has a use for all of its keys.
    [Theory]
    [InlineData("redis", "shared_cache.directory")]
    [InlineData("memcached", "shared_cache.directory", "shared_cache.sentinel", "shared_cache.user", "shared_cache.tls",
        "shared_cache.tls_ca_file", "shared_cache.tls_server_name")]
    [InlineData("directory", "shared_cache.address", "shared_cache.sentinel", "shared_cache.user", "shared_cache.tls",
        "shared_cache.tls_ca_file", "shared_cache.tls_server_name")]
    public void Every_key_reads_back_when_it_is_not_the_default(string sharedCache, params string[] others)
    {
        SliceOptions options = OptionTable.Keys.Where(key => !key.IsSecret && !others.Contains(key.Name)).Aggregate(
            new SliceOptions(), (current, key) => key.With(current, key.Name == "shared_cache.type" ? sharedCache : Extreme(key)));
        AssertReadsBack(options);
    }

    [Fact]
    public void Any_directory_and_pattern_reads_back()
    {
        var characters = Gen.OneOf(
            Gen.Char,
            Gen.Char["\"\\\n\r\t '#:&*!|>%@`\u0085\u00A0\u2028\u202E\uFEFF\uE000~"],
            Gen.Char[' ', '~']);
        Gen<string> texts = Gen.String[characters, 1, 20]
            .Where(text => !text.Contains('\0', StringComparison.Ordinal) && IsWellFormed(text));
        texts.Sample(text => AssertReadsBack(new SliceOptions
        {
            UpstreamAddresses = [new Uri("http://origin.example:80")],
            Store = new CacheStoreOptions { Directory = text },
            SlicePatterns = ["^/a", System.Text.RegularExpressions.Regex.Escape(text)],
        }), iter: 300, threads: 1);
    }

    [Fact]
    public void Characters_beyond_the_basic_plane_read_back() => AssertReadsBack(new SliceOptions
    {
        UpstreamAddresses = [new Uri("http://origin.example:80")],
        // An emoji, and a private use character, which is escaped.
        Store = new CacheStoreOptions { Directory = "/cache/\U0001F600/\U000F0000" },
    });

    [Fact]
    public void Secret_is_replaced_by_what_is_refused_as_a_secret()
    {
        string yaml = EffectiveConfiguration.Write(
            new SliceOptions { UpstreamAddresses = [new Uri("http://a")], Purge = new PurgeOptions { AuthToken = "s3cret" } });
        Assert.DoesNotContain("s3cret", yaml, StringComparison.Ordinal);
        Assert.EndsWith(
            "purge.auth_token: (redacted): the placeholder of --check-config, not a secret, allowed: visible ASCII without spaces",
            Assert.Single(_files.Errors(yaml)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Check_prints_the_configuration_as_yaml_and_ends_with_ok()
    {
        string file = _files.Write(
            "1.yaml",
            "upstream_address: 127.0.0.1:1\nslice_size: 2097152\nenable_l2_cache: false\nmetrics_endpoint:\n  enabled: false");
        int port = FreePort.Reserve();
        using StringWriter output = new();
        using StringWriter error = new();

        int exitCode = ConfigurationCheck.Run(new ConfigurationRequest { Files = [file], Port = port }, _ => null, output, error);

        Assert.Equal(ExitCode.Ok, exitCode);
        Assert.Equal("", error.ToString());
        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"# effective configuration from {file}", lines[0]);
        Assert.StartsWith($"# --port {port} moves this instance: ", lines[1], StringComparison.Ordinal);
        Assert.Contains("slice_size: 2MiB", lines);
        Assert.Equal("# configuration ok", lines[^1]);
        Assert.Equal($"0.0.0.0:{port}", _files.Read(output.ToString()).Options!.ListenAddress);
    }

    [Fact]
    public void Check_prints_every_error_and_no_configuration()
    {
        string file = _files.Write("1.yaml", "max_retries: -1");
        using StringWriter output = new();
        using StringWriter error = new();

        int exitCode = ConfigurationCheck.Run(new ConfigurationRequest { Files = [file] }, _ => null, output, error);

        Assert.Equal(ExitCode.Configuration, exitCode);
        Assert.Equal("", output.ToString());
        Assert.Equal(2, error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private void AssertReadsBack(SliceOptions options)
    {
        ConfigurationResult result = _files.Read(EffectiveConfiguration.Write(options));
        Assert.Empty(result.Errors);
        Assert.All(OptionTable.Keys, key => Assert.Equal(key.Read(options), key.Read(result.Options!)));
    }

    private static bool IsWellFormed(string text) => !text.EnumerateRunes().Any(rune => rune.Value == 0xFFFD);

    private object Extreme(OptionKey key) => key.Kind switch
    {
        // The least head that a target of the greatest length fits into, one of the two rules between keys.
        OptionKind.Count or OptionKind.Size => key.Name == "limits.request_target" ? key.Minimum : key.Maximum,
        OptionKind.Duration => TimeSpan.FromMilliseconds(key.Maximum - 1),
        OptionKind.Flag => (bool?)key.Read(new SliceOptions()) != true,
        OptionKind.FieldNames => (string[])["X-Api-Key", "origin", "!#$%&'*+-.^_`|~"],
        OptionKind.Arguments => (string[])["utm_*", "\"'x"],
        OptionKind.Choice => key.Choices[^1],
        OptionKind.Patterns => (string[])["^/downloads/.*", @"\.(iso|tar\.gz)$", "\"'#"],
        OptionKind.CacheRules => (CacheRule[])
        [
            new() { Path = "\"'#, {}", Bypass = true },
            new()
            {
                Path = "/",
                Statuses = [200, 404],
                Ttl = TimeSpan.FromDays(365),
                Override = true,
                Ignore = CacheIgnore.NoStore | CacheIgnore.Private | CacheIgnore.NoCache | CacheIgnore.SetCookie,
            },
        ],
        OptionKind.Networks => (string[])["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"],
        OptionKind.Servers => (string[])["redis.example:6379", "[2001:db8::1]:6380"],
        OptionKind.Word => "\"name'#",
        OptionKind.KeyPrefix => new string(':', 64),
        OptionKind.Hosts => (string[])["*.cdn.example", "storage.example", "2001:db8::1"],
        OptionKind.ListenAddress => key.Name switch
        {
            "listen_address" => "[::1]:18080",
            "tls.listen_address" => "[::1]:18443",
            _ => "[::1]:19090",
        },
        OptionKind.OriginAddresses => (Uri[])[new("http://[2001:db8::1]:8080"), new("http://b.example")],
        OptionKind.UrlPath => "/~!'x",
        OptionKind.File when key.Name.StartsWith("tls.", StringComparison.Ordinal) =>
            _files.Write("certificate \"of\" C:.pem", _authority.IssuePem("proxy.example")),
        OptionKind.File => _files.Write("ca \"of\" C:.pem", _authority.Pem),
        OptionKind.LogTarget => "/var/log/\"access\" C:\\.log",
        OptionKind.LogFormat => "\"{client}\" # {{'{status}'}}: \\",
        OptionKind.HostName => "2001:db8::1",
        OptionKind.Directory => "/cache \"of\" C:\\",
        _ => LogSeverity.Trace,
    };
}
