using System.Text.RegularExpressions;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Configuration;

/// <summary>The section <c>shared_cache</c> of a file.</summary>
public sealed partial class SharedCacheConfigurationTests : IDisposable
{
    private readonly ConfigurationFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Every_key_is_read()
    {
        using TestAuthority authority = new();
        string caFile = _files.Write("ca.pem", authority.Pem);
        SharedCacheOptions options = Options(
            $"""
              type: redis
              address: [redis.example:6379, "[::1]:6380"]
              directory_size: 1TiB
              directory_fsync: true
              sentinel: slices
              user: reader
              password: "words"
              tls: true
              tls_ca_file: {caFile}
              tls_server_name: redis.example
              mac_key: 0123456789abcdef
              prefix: "fleet-1:"
              timeout: 20ms
              coherence: 500ms
              collapse: false
              item_size: 8MiB
              connections: 4
            """);
        Assert.Equal(
            new SharedCacheOptions
            {
                Type = SharedCacheType.Redis,
                Addresses = options.Addresses,
                DirectorySizeBytes = 1L << 40,
                FlushesDirectory = true,
                Sentinel = "slices",
                User = "reader",
                Password = "words",
                UsesTls = true,
                TlsCaFile = caFile,
                TlsServerName = "redis.example",
                MacKey = "0123456789abcdef",
                Prefix = "fleet-1:",
                Timeout = TimeSpan.FromMilliseconds(20),
                Coherence = TimeSpan.FromMilliseconds(500),
                Collapses = false,
                ItemSizeBytes = 8 << 20,
                Connections = 4,
            },
            options);
        Assert.Equal(["redis.example:6379", "[::1]:6380"], options.Addresses);
    }

    [Fact]
    public void One_address_needs_no_list() =>
        Assert.Equal(["10.0.0.5:11211"], Options("  type: memcached\n  address: 10.0.0.5:11211").Addresses);

    [Fact]
    public void Directory_is_read() => Assert.Equal("/mnt/x", Options("  type: directory\n  directory: /mnt/x").Directory);

    // Each is about one thing: what follows from a fault is not said.
    [Theory]
    [InlineData("  type: Redis\n  address: a:1", "3:9: shared_cache.type: Redis: none of the words that may stand here, "
        + "allowed: none, redis, memcached or directory")]
    [InlineData("  type: redis\n  address: a", "4:12: shared_cache.address: a: the port is missing, allowed: " + ServerAddress.Syntax)]
    [InlineData("  type: redis\n  address: [a:1, b]", "4:18: shared_cache.address: b: the port is missing, allowed: "
        + ServerAddress.Syntax)]
    [InlineData("  type: redis\n  address: [a:1, a:1]", "4:12: shared_cache.address: a:1: listed twice, allowed: each address once")]
    [InlineData("  type: redis\n  address: [::1]", "4:13: shared_cache.address: ::1: an IPv6 address goes in brackets; YAML takes brackets "
        + "for a list, put the address in quotes: '[::1]:PORT', allowed: " + ServerAddress.Syntax)]
    [InlineData("  address: a:1", "3:12: shared_cache.address: a:1: of no use without shared_cache.type, "
        + "allowed: not set, or shared_cache.type redis or memcached")]
    [InlineData("  type: memcached\n  address: a:1\n  password: words", "5:13: shared_cache.password: (redacted): the text protocol of "
        + "Memcached has no users and no TLS, allowed: not set, or shared_cache.type redis")]
    [InlineData("  type: redis\n  address: a:1\n  tls: true\n  tls_ca_file: /missing.pem",
        "6:16: shared_cache.tls_ca_file: /missing.pem: no such file, allowed: ")]
    [InlineData("  mac_key: short", "3:12: shared_cache.mac_key: (redacted): too short, allowed: visible ASCII without spaces, "
        + "at least 16 characters")]
    [InlineData("  connections: 17", "3:16: shared_cache.connections: 17: too large, allowed: 1 to 16")]
    public void Mistake_is_named_where_it_is(string section, string error) => Assert.StartsWith(
        "1.yaml:" + error, Assert.Single(_files.Errors("upstream_address: a:1\nshared_cache:\n" + section)), StringComparison.Ordinal);

    [Theory]
    [InlineData("  password: two words")]
    [InlineData("  mac_key: words")]
    [InlineData("  mac_key: [words]")]
    [InlineData("  type: memcached\n  address: a:1\n  password: words")]
    [InlineData("  type: redis\n  address: redis://user:words@a:1")]
    [InlineData("  type: redis\n  address: a:1,password=words,ssl=true")]
    [InlineData("  type: redis\n  address: [redis://:words@a:1/0]")]
    [InlineData("  type: redis\n  address: redis://a:1?password=words")]
    public void Secret_is_in_no_error(string section) => Assert.DoesNotContain(
        "words", string.Join('\n', _files.Errors("upstream_address: a:1\nshared_cache:\n" + section).DefaultIfEmpty("words")),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("shared_cache.password")]
    [InlineData("shared_cache.mac_key")]
    public void Secret_is_replaced_by_what_is_refused_as_a_secret(string name)
    {
        SliceOptions options = new() { UpstreamAddresses = [new Uri("http://a")], SharedCache = new() { Type = SharedCacheType.Redis } };
        options = options with { SharedCache = options.SharedCache with { Addresses = ["a:1"] } };
        string yaml = EffectiveConfiguration.Write(OptionTable.Find(name)!.With(options, "s3cret-s3cret-s3cret"));
        Assert.DoesNotContain("s3cret", yaml, StringComparison.Ordinal);
        Assert.Contains(
            $" {name}: (redacted): the placeholder of --check-config, not a secret, allowed: ", Assert.Single(_files.Errors(yaml)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Every_example_of_the_document_is_valid()
    {
        string section = Repository.Read("docs/configuration.md").Split("\n## Shared cache\n")[1].Split("\n## ")[0];
        string[] examples = [.. YamlBlock().Matches(section).Select(match => match.Groups[1].Value)];
        Assert.Equal(
            [SharedCacheType.Redis, SharedCacheType.Redis, SharedCacheType.Memcached, SharedCacheType.Directory],
            examples.Select(example => Read("upstream_address: a:1\n" + example).SharedCache.Type));
    }

    private SharedCacheOptions Options(string section) => Read("upstream_address: a:1\nshared_cache:\n" + section).SharedCache;

    private SliceOptions Read(string yaml)
    {
        ConfigurationResult result = _files.Read(yaml);
        Assert.Empty(result.Errors);
        return result.Options!;
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex YamlBlock();
}
