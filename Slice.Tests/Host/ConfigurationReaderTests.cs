using System.Text;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests.Host;

/// <summary>Configuration files: what is right is read, and whatever is wrong is listed at once, each with its place.</summary>
public sealed class ConfigurationReaderTests : IDisposable
{
    private readonly TestDirectory _directory = new("configuration");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void File_of_the_deployment_guide_is_read()
    {
        SliceOptions options = ReadValid(
            """
            slice_size: 1048576
            max_concurrent_subrequests: 4
            max_retries: 3
            slice_patterns:
              - "^/downloads/.*"
              - "^/files/.*\\.(bin|iso|zip|tar\\.gz)$"
            enable_cache: true
            cache_ttl: 3600
            upstream_address: "origin.example.com:80"
            metrics_endpoint:
              enabled: true
              address: "127.0.0.1:9090"
            l1_cache_size_bytes: 104857600
            enable_l2_cache: true
            l2_cache_dir: "/var/cache/pingora-slice"
            purge:
              enabled: true
              auth_token: "secret"
              enable_metrics: false
            """);
        Assert.Equal((1 << 20, 4, 3), (options.SliceSizeBytes, options.MaxConcurrentSubrequests, options.MaxRetries));
        Assert.Equal(["^/downloads/.*", @"^/files/.*\.(bin|iso|zip|tar\.gz)$"], options.SlicePatterns);
        Assert.Equal((true, TimeSpan.FromHours(1), "http://origin.example.com/"), (options.EnableCache, options.CacheTtl, options.UpstreamAddress!.ToString()));
        Assert.Equal((true, "127.0.0.1:9090"), (options.MetricsEndpoint.Enabled, options.MetricsEndpoint.Address));
        Assert.Equal((100L << 20, true, "/var/cache/pingora-slice"), (options.Store.MemorySizeBytes, options.Store.OnDisk, options.Store.Directory));
        Assert.Equal((true, "secret", false), (options.Purge.Enabled, options.Purge.AuthToken, options.Purge.EnableMetrics));
    }

    [Fact]
    public void Later_files_override_key_by_key()
    {
        string common = Write("common.yaml", "upstream_address: a.example\nslice_size: 1MiB\nmetrics_endpoint:\n  enabled: false\nslice_patterns: [\"^/a\", \"^/b\"]\n");
        string production = Write("production.yaml", "slice_size: 2097152\nmax_concurrent_subrequests: 8\ncache_ttl: 7200\nmetrics_endpoint:\n  address: 127.0.0.1:9999\nslice_patterns: [\"^/c\"]\n");
        SliceOptions options = Valid(ConfigurationReader.Read([common, production]));
        Assert.Equal((2 << 20, 8, TimeSpan.FromHours(2)), (options.SliceSizeBytes, options.MaxConcurrentSubrequests, options.CacheTtl));
        Assert.Equal((false, "127.0.0.1:9999"), (options.MetricsEndpoint.Enabled, options.MetricsEndpoint.Address));
        Assert.Equal(["^/c"], options.SlicePatterns);
        Assert.Equal("a.example", options.UpstreamAddress!.Host);
    }

    [Fact]
    public void Every_error_is_listed_with_line_column_key_value_and_what_is_allowed()
    {
        AssertErrors(
            """
            upstream_address: https://origin.example.com
            slice_size: 5
            max_retries: many
            enable_cache: yes
            cache_ttl: 1w
            slice_patterns:
              - "("
            timeouts:
              connect: 0
            """,
            "F:1:19: upstream_address: https://origin.example.com: TLS to the origin is not built yet, allowed: " + OriginAddress.Syntax,
            "F:2:13: slice_size: 5: too small, allowed: 64KiB to 10MiB",
            "F:3:14: max_retries: many: not a whole number, allowed: 0 to 20",
            "F:4:15: enable_cache: yes: not a flag, allowed: true or false",
            "F:5:12: cache_ttl: 1w: not a duration (seconds, or a whole number with ms, s, m, h or d), allowed: 0s to 365d",
            "F:7:5: slice_patterns: (: not a regular expression (InsufficientClosingParentheses at offset 1), allowed: " + SlicePattern.Syntax,
            "F:9:12: timeouts.connect: 0: too short, allowed: 1ms to 1d");
    }

    [Theory]
    [InlineData("slice_sice: 1MiB", "slice_sice: unknown key, did you mean slice_size?")]
    [InlineData("Slice-Size: 1MiB", "Slice-Size: unknown key, did you mean slice_size?")]
    [InlineData("connect: 5s", "connect: unknown key, did you mean connect in the section timeouts?")]
    [InlineData("timeouts:\n  slice_size: 1MiB", "timeouts.slice_size: unknown key, did you mean slice_size at the top level?")]
    [InlineData("timeouts.connect: 5s", "timeouts.connect: unknown key, did you mean connect in the section timeouts?")]
    [InlineData("something_else_entirely: 1", "something_else_entirely: unknown key")]
    public void Unknown_key_is_an_error_with_the_nearest_known_one(string yaml, string expected) =>
        Assert.EndsWith(expected, Assert.Single(Read("upstream_address: a.example\n" + yaml).Errors).ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("slice_size: 1MiB\nslice_size: 2MiB", "slice_size: already set on line 2, allowed: each key once in a file")]
    [InlineData("slice_size: [1, 2]", "slice_size: a list, allowed: 64KiB to 10MiB")]
    [InlineData("timeouts: 5", "timeouts: 5: a single value, allowed: a section of keys")]
    [InlineData("slice_patterns: ^/a", "slice_patterns: ^/a: a single value, allowed: a list")]
    [InlineData("slice_size: {a: 1}", "slice_size: a section of keys, allowed: 64KiB to 10MiB")]
    [InlineData("? [a, b]\n: 1", ": a list, allowed: a name as key")]
    [InlineData("max_retries: \"3\"", "max_retries: 3: a text in quotes, not a whole number")]
    [InlineData("listen_address: localhost:80", "listen_address: localhost:80: a name")]
    [InlineData("health_path: health", "health_path: health: not a path")]
    public void Value_of_the_wrong_type_is_an_error(string yaml, string expected) =>
        Assert.Contains(expected, Assert.Single(Read("upstream_address: a.example\n" + yaml).Errors).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Secret_in_error_is_not_shown()
    {
        ConfigurationError error = Assert.Single(Read("upstream_address: a.example\npurge:\n  auth_token: \"two words\"\n").Errors);
        Assert.DoesNotContain("two words", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("purge.auth_token: (redacted)", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Password_in_the_origin_address_is_not_shown()
    {
        ConfigurationError error = Assert.Single(Read("upstream_address: http://user:hunter2@a.example\n").Errors);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Key_without_a_value_says_nothing() => Assert.Equal(1 << 20, ReadValid("upstream_address: a.example\nslice_size:\ntimeouts:\n").SliceSizeBytes);

    [Fact]
    public void Alias_stands_for_what_it_names() =>
        Assert.Equal("127.0.0.1:9000", ReadValid("upstream_address: &origin 127.0.0.1:9000\nslice_patterns: [*origin]\n").SlicePatterns[0]);

    [Theory]
    [InlineData("a: [", "not YAML")]
    [InlineData("a: b: c", "not YAML")]
    [InlineData("slice_size: *nobody", "not YAML: an alias of an anchor that is not complete above it")]
    [InlineData("--- \na: 1\n--- \nb: 1", "a second document begins here")]
    [InlineData("- a\n- b", "a list, allowed: a file of keys and values")]
    public void What_is_no_configuration_is_one_error(string yaml, string expected) =>
        Assert.Contains(expected, Assert.Single(Read(yaml).Errors, error => error.Key is null).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Nesting_has_a_bound() =>
        Assert.Contains("nested deeper than 16 levels", Assert.Single(Read(string.Concat(Enumerable.Repeat("[", 10_000))).Errors).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Aliases_of_aliases_cost_no_more_than_their_length()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x]\n");
        for (int level = 1; level < 60; level++)
        {
            bomb.Append(System.Globalization.CultureInfo.InvariantCulture, $"a{level}: &a{level} [*a{level - 1}, *a{level - 1}]\n");
        }

        // Every key is unknown, the origin is missing; that they are all told shows that reading came to its end.
        Assert.Equal(61, Read(bomb.ToString()).Errors.Count);
    }

    [Fact]
    public void File_that_cannot_be_read_is_named_with_the_reason()
    {
        string binary = _directory.Combine("binary");
        File.WriteAllBytes(binary, [0x61, 0xFF, 0xFE]);
        string large = Write("large", new string('#', ConfigurationFile.LongestBytes + 1));
        string missing = _directory.Combine("missing");
        Assert.Equal(
            [
                $"{missing}: cannot be read: no such file",
                $"{_directory.Path}: cannot be read: a directory",
                $"{binary}: cannot be read: not UTF-8: bytes ff at offset 1",
                $"{large}: cannot be read: longer than 1MiB",
            ],
            ConfigurationReader.Read([missing, _directory.Path, binary, large]).Errors.Select(error => error.ToString()));
    }

    [Fact]
    public void Byte_order_mark_is_dropped()
    {
        string path = _directory.Combine("bom.yaml");
        File.WriteAllText(path, "upstream_address: a.example\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal("a.example", Valid(ConfigurationReader.Read([path])).UpstreamAddress!.Host);
    }

    [Fact]
    public void Error_stays_on_one_line_whatever_the_file_contains()
    {
        ConfigurationError error = Assert.Single(Read("upstream_address: a.example\n\"evil\\n\\e[31mkey\": 1\n").Errors);
        Assert.DoesNotContain(error.ToString(), char.IsControl);
    }

    // What --check-config prints is a configuration that says the same.
    [Fact]
    public void Effective_configuration_reads_back()
    {
        SliceOptions options = ReadValid("upstream_address: a.example:81\nslice_size: 65537\ncache_ttl: 90s\nslice_patterns: [\"a\\\"b\\\\.c\", \"#x: y\"]\nenable_l2_cache: true\ntimeouts:\n  send: 1500ms\n");
        SliceOptions back = ReadValid(EffectiveConfiguration.Write(options));
        Assert.All(OptionTable.Keys, key => Assert.Equal(key.Format(key.Read(options)), key.Format(key.Read(back))));
        Assert.Equal(options.SlicePatterns, back.SlicePatterns);
    }

    [Fact]
    public void Effective_configuration_has_no_secrets_and_is_refused_with_their_placeholder()
    {
        string yaml = EffectiveConfiguration.Write(ReadValid("upstream_address: a.example\npurge:\n  auth_token: hunter2\n"));
        Assert.DoesNotContain("hunter2", yaml, StringComparison.Ordinal);
        Assert.Contains("placeholder", Assert.Single(Read(yaml).Errors).ToString(), StringComparison.Ordinal);
    }

    private void AssertErrors(string yaml, params string[] expected) =>
        Assert.Equal(expected, Read(yaml).Errors.Select(error => error.ToString().Replace(_directory.Combine("f.yaml"), "F", StringComparison.Ordinal)));

    private SliceOptions ReadValid(string yaml) => Valid(Read(yaml));

    private static SliceOptions Valid(ConfigurationResult result)
    {
        Assert.Empty(result.Errors);
        return result.Options!;
    }

    private ConfigurationResult Read(string yaml) => ConfigurationReader.Read([Write("f.yaml", yaml)]);

    private string Write(string name, string text)
    {
        string path = _directory.Combine(name);
        File.WriteAllText(path, text);
        return path;
    }
}
