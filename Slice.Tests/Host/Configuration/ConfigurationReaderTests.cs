using CsCheck;
using Slice.Core.Options;
using Slice.Host.Configuration;

namespace Slice.Tests.Host.Configuration;

public sealed class ConfigurationReaderTests : IDisposable
{
    // The template of the owner's deployment guide.
    private const string GuideProduction = """
        # Production configuration for Pingora Slice Module

        # Slice size: 1MB for balanced performance
        slice_size: 1048576

        # Concurrency: 4 concurrent subrequests
        max_concurrent_subrequests: 4

        # Retries: 3 attempts with exponential backoff
        max_retries: 3

        # URL patterns: Adjust based on your content
        slice_patterns:
          - "^/downloads/.*"
          - "^/files/.*\\.(bin|iso|zip|tar\\.gz)$"

        # Cache: Enabled with 1 hour TTL
        enable_cache: true
        cache_ttl: 3600

        # Upstream: Your origin server
        upstream_address: "origin.example.com:80"

        # Metrics: Enabled on localhost only
        metrics_endpoint:
          enabled: true
          address: "127.0.0.1:9090"
        """;

    private readonly ConfigurationFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Template_of_the_guide_is_read()
    {
        SliceOptions options = Options(GuideProduction);

        Assert.Equal(1_048_576, options.SliceSizeBytes);
        Assert.Equal(["^/downloads/.*", @"^/files/.*\.(bin|iso|zip|tar\.gz)$"], options.SlicePatterns);
        Assert.Equal(TimeSpan.FromHours(1), options.CacheTtl);
        Assert.Equal([new Uri("http://origin.example.com:80")], options.UpstreamAddresses);
        Assert.Equal(new MetricsEndpointOptions { Enabled = true, Address = "127.0.0.1:9090" }, options.MetricsEndpoint);
    }

    [Theory]
    [InlineData(
        "slice_size: 524288  # 512KB for faster testing\nmax_concurrent_subrequests: 2\n"
        + "max_retries: 1\ncache_ttl: 300  # 5 minutes",
        524_288, 2, 1, 300)]
    [InlineData(
        "slice_size: 1048576  # 1MB\nmax_concurrent_subrequests: 4\n"
        + "max_retries: 3\ncache_ttl: 1800  # 30 minutes",
        1_048_576, 4, 3, 1_800)]
    [InlineData(
        "slice_size: 2097152  # 2MB for high performance\nmax_concurrent_subrequests: 8\n"
        + "max_retries: 3\ncache_ttl: 7200  # 2 hours",
        2_097_152, 8, 3, 7_200)]
    public void Environment_fragment_of_the_guide_overlays_the_template(
        string fragment, int sliceSize, int concurrency, int retries, int ttlSeconds)
    {
        SliceOptions options = Options(GuideProduction, fragment);

        Assert.Equal(
            (sliceSize, concurrency, retries, ttlSeconds),
            (options.SliceSizeBytes, options.MaxConcurrentSubrequests, options.MaxRetries, (int)options.CacheTtl.TotalSeconds));
        Assert.Equal("origin.example.com", options.UpstreamAddresses.Single().Host);
        Assert.Equal(2, options.SlicePatterns.Count);
    }

    [Fact]
    public void Later_file_overrides_single_keys_and_whole_lists()
    {
        SliceOptions options = Options(
            "upstream_address: a:1\nslice_patterns: [^/a, ^/b]\ntimeouts:\n  connect: 1s\n  send: 2s",
            "upstream_address: b:2\nslice_patterns: [^/c]\ntimeouts:\n  send: 3s");

        Assert.Equal("b", options.UpstreamAddresses.Single().Host);
        Assert.Equal(["^/c"], options.SlicePatterns);
        Assert.Equal((1, 3), (options.Timeouts.Connect.Seconds, options.Timeouts.Send.Seconds));
    }

    [Fact]
    public void Required_key_may_stand_in_either_file() =>
        Assert.Equal("a", Options("max_retries: 1", "upstream_address: a:1").UpstreamAddresses.Single().Host);

    [Theory]
    [InlineData("max_retries:")]
    [InlineData("max_retries: ~")]
    [InlineData("max_retries: null")]
    [InlineData("timeouts:")]
    [InlineData("")]
    [InlineData("# only a comment\n")]
    [InlineData("---\n...\n")]
    public void Key_or_file_that_says_nothing_changes_nothing(string overlay)
    {
        const string Base = "upstream_address: a:1\nmax_retries: 7\ntimeouts:\n  connect: 1s";
        SliceOptions options = Options(Base, overlay);
        Assert.Equal(7, options.MaxRetries);
        Assert.Equal(TimeSpan.FromSeconds(1), options.Timeouts.Connect);
    }

    [Theory]
    [InlineData("upstream_address: [a:1, 'http://b:2']")]
    [InlineData("upstream_address:\n  - a:1\n  - b:2")]
    public void Origin_may_have_a_list_of_addresses(string yaml) =>
        Assert.Equal([new Uri("http://a:1"), new Uri("http://b:2")], Options(yaml).UpstreamAddresses);

    [Fact]
    public void List_of_addresses_is_overridden_as_a_whole() =>
        Assert.Equal([new Uri("http://c:3")], Options("upstream_address: [a:1, b:2]", "upstream_address: c:3").UpstreamAddresses);

    [Theory]
    [InlineData("[]", "1.yaml:1:19: upstream_address: 0 addresses: an empty list, allowed: 1 to 32 addresses")]
    [InlineData("[a:1, http://A:1/]", "1.yaml:1:19: upstream_address: http://a:1: listed twice, allowed: each address once")]
    [InlineData("[a:1, https://b]",
        "1.yaml:1:19: upstream_address: https://b:443: not http as the first address, allowed: addresses of one scheme")]
    [InlineData("[a:1, b/c]",
        "1.yaml:1:25: upstream_address: b/c: only scheme, host and port belong here, allowed: " + OriginAddress.Syntax)]
    [InlineData("[a:1, ~]", "1.yaml:1:25: upstream_address: ~: nothing, allowed: " + OriginAddress.Syntax)]
    [InlineData("[u:p@a:1]",
        "1.yaml:1:20: upstream_address: (redacted)@a:1: only scheme, host and port belong here, allowed: " + OriginAddress.Syntax)]
    [InlineData("{a: 1}", "1.yaml:1:19: upstream_address: a section of keys, allowed: " + OriginAddress.Syntax)]
    public void Faulty_list_of_addresses_is_one_error(string value, string error) =>
        Assert.Equal([error], _files.Errors("upstream_address: " + value));

    [Theory]
    [InlineData("no such file.pem", "no such file")]
    [InlineData(".", "cannot be read: Access to the path '")]
    [InlineData("1.yaml", "no certificate in it")]
    [InlineData("broken.pem", "a certificate in it is broken: ")]
    [InlineData("/dev/zero", "cannot be read: it is longer than 16 MiB")]
    [Trait("Behaviour", "B21")]
    public void Ca_file_that_cannot_be_used_is_an_error_with_key_path_and_reason(string name, string reason)
    {
        _files.Write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        string path = _files.Combine(name);
        string error = Assert.Single(_files.Errors($"upstream_address: https://a\nupstream_tls:\n  ca_file: {path}"));
        Assert.StartsWith("1.yaml:3:12: upstream_tls.ca_file: ", error, StringComparison.Ordinal);
        Assert.Contains($": {reason}", error, StringComparison.Ordinal);
        Assert.EndsWith(", allowed: a readable file with one or more certificates in PEM", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("origin.example", true)]
    [InlineData("10.0.0.1", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("'[2001:db8::1]'", false)]
    [InlineData("origin.example:443", false)]
    [InlineData("https://origin.example", false)]
    [InlineData("'*.example'", false)]
    [InlineData("''", false)]
    public void Server_name_is_a_host_without_a_port(string name, bool isValid) => Assert.Equal(
        isValid
            ? []
            : ["1.yaml:3:16: upstream_tls.server_name: not a host name or an IP address, "
                + "allowed: a host name or an IP address, without a port"],
        _files.Errors($"upstream_address: https://a\nupstream_tls:\n  server_name: {name}")
            .Select(error => error.Replace($" {(name == "''" ? "(empty)" : name.Trim('\''))}:", "", StringComparison.Ordinal)));

    [Theory]
    [InlineData(32, 0)]
    [InlineData(33, 1)]
    public void Number_of_addresses_is_bounded(int count, int errors) => Assert.Equal(
        errors, _files.Errors($"upstream_address: [{string.Join(", ", Enumerable.Range(1, count).Select(port => $"a:{port}"))}]").Length);

    [Fact]
    [Trait("Behaviour", "B48")]
    public void Every_error_is_reported_at_once_with_place_key_value_and_range() => Assert.Equal(
        [
            "1.yaml:1:13: slice_size: 1: too small, allowed: 64KiB to 10MiB",
            "1.yaml:2:29: max_concurrent_subrequests: four: not a whole number, allowed: 1 to 64",
            "1.yaml:4:5: slice_patterns: (: not a regular expression (InsufficientClosingParentheses at offset 1), allowed: "
                + SlicePattern.Syntax,
            "1.yaml:6:5: slice_patterns: (?=x): cannot be matched in linear time (lookahead at offset 0), allowed: " + SlicePattern.Syntax,
            $"1.yaml:7:12: cache_ttl: 1 year: not a duration ({DurationText.Syntax}), allowed: 0s to 365d",
            "1.yaml:8:19: upstream_address: ftp://a: the scheme is not http or https, allowed: " + OriginAddress.Syntax,
            "1.yaml:10:12: metrics_endpoint.enabled: yes: not a flag (a text in YAML 1.2), write true, allowed: true or false",
            "1.yaml:11:3: metrics_endpoint.adress: unknown key, did you mean address?",
            "1.yaml:12:8: purge: a list, allowed: a section of keys: enabled, auth_token, enable_metrics",
            "2.yaml:1:14: max_retries: 3: a text in quotes, not a whole number, allowed: 0 to 20",
            "2.yaml:2:1: max_retries: already set on line 1, allowed: each key once in a file",
        ],
        _files.Errors(
            """
            slice_size: 1
            max_concurrent_subrequests: four
            slice_patterns:
              - (
              - ^/good
              - (?=x)
            cache_ttl: 1 year
            upstream_address: ftp://a
            metrics_endpoint:
              enabled: yes
              adress: 127.0.0.1:1
            purge: [a]
            """,
            "max_retries: \"3\"\nmax_retries: 4"));

    [Theory]
    [InlineData("slice-size: 1MiB", "1.yaml:2:1: slice-size: unknown key, did you mean slice_size?")]
    [InlineData("slise_size: 1MiB", "1.yaml:2:1: slise_size: unknown key, did you mean slice_size?")]
    [InlineData("SLICE_SIZE: 1MiB", "1.yaml:2:1: SLICE_SIZE: unknown key, did you mean slice_size?")]
    [InlineData("metric_endpoint: {}", "1.yaml:2:1: metric_endpoint: unknown key, did you mean metrics_endpoint?")]
    [InlineData("timeouts.connect: 1s", "1.yaml:2:1: timeouts.connect: unknown key, did you mean connect in the section timeouts?")]
    [InlineData("auth_token: x", "1.yaml:2:1: auth_token: unknown key, did you mean auth_token in the section purge?")]
    [InlineData("purge: {slice_size: 1MiB}", "1.yaml:2:9: purge.slice_size: unknown key, did you mean slice_size at the top level?")]
    [InlineData("colour: blue", "1.yaml:2:1: colour: unknown key")]
    [InlineData("? [a]\n: b", "1.yaml:2:3: a list, allowed: a name as key")]
    [InlineData("'': b", "1.yaml:2:1: (empty): unknown key")]
    [Trait("Behaviour", "B48")]
    public void Unknown_key_is_an_error_with_a_suggestion_when_one_is_near(string line, string error) =>
        Assert.Equal([error], _files.Errors("upstream_address: a:1\n" + line));

    [Theory]
    [InlineData("max_retries: 1\nmax_retries: 2", "1.yaml:3:1: max_retries: already set on line 2, allowed: each key once in a file")]
    [InlineData("purge: {}\npurge: {}", "1.yaml:3:1: purge: already set on line 2, allowed: each key once in a file")]
    [InlineData("timeouts:\n  send: 1s\n  send: 1s", "1.yaml:4:3: timeouts.send: already set on line 3, allowed: each key once in a file")]
    public void Key_that_is_there_twice_is_an_error(string text, string error) =>
        Assert.Equal([error], _files.Errors("upstream_address: a:1\n" + text));

    [Theory]
    [InlineData("max_retries: 1.0", "max_retries: 1.0: not a whole number")]
    [InlineData("max_retries: 0x3", "max_retries: 0x3: not a whole number")]
    [InlineData("max_retries: 03", "max_retries: 03: not a whole number")]
    [InlineData("max_retries: [3]", "max_retries: a list")]
    [InlineData("max_retries: {a: 3}", "max_retries: a section of keys")]
    [InlineData("enable_cache: on", "enable_cache: on: not a flag")]
    [InlineData("enable_cache: 'true'", "enable_cache: true: a text in quotes, not a flag")]
    [InlineData("enable_cache: 1", "enable_cache: 1: not a flag")]
    [InlineData("slice_patterns: ^/a", "slice_patterns: ^/a: a single value")]
    [InlineData("slice_patterns: [[a]]", "slice_patterns: a list")]
    [InlineData("slice_patterns: [~]", "slice_patterns: ~: nothing")]
    [InlineData("log_level: 2", "log_level: 2: not a severity")]
    [InlineData("health_path: health", "health_path: health: not a path")]
    [InlineData("cache_size: 20 MiBs", "cache_size: 20 MiBs: not a size")]
    [InlineData("timeouts: 30s", "timeouts: a single value")]
    public void Value_of_another_type_is_an_error(string line, string error) =>
        Assert.Contains(error, Assert.Single(_files.Errors("upstream_address: a:1\n" + line)), StringComparison.Ordinal);

    [Theory]
    [InlineData("slice_size: 2MiB", 2 << 20)]
    [InlineData("slice_size: \"2MiB\"", 2 << 20)]
    [InlineData("slice_size: 2 mib", 2 << 20)]
    [InlineData("slice_size: 65536", 65_536)]
    public void Size_is_read_with_unit_and_without(string line, int sliceSizeBytes) =>
        Assert.Equal(sliceSizeBytes, Options("upstream_address: a:1\n" + line).SliceSizeBytes);

    [Theory]
    [InlineData("- a\n- b", "1.yaml:1:1: a list, allowed: a file of keys and values, KEY: VALUE")]
    [InlineData("just words", "1.yaml:1:1: a single value, allowed: a file of keys and values, KEY: VALUE")]
    public void Document_that_is_no_section_is_an_error(string text, string error) => Assert.Contains(error, _files.Errors(text));

    [Fact]
    public void Missing_required_key_is_reported_where_the_last_file_begins() =>
        Assert.Equal(
            ["2.yaml:1:1: upstream_address: (not set): required and not set, allowed: " + OptionTable.Find("upstream_address")!.Allowed],
            _files.Errors("max_retries: 1", "max_retries: 2"));

    [Fact]
    public void Key_in_error_is_not_also_reported_as_missing() =>
        Assert.StartsWith(
            "1.yaml:1:19: upstream_address: ://: ", Assert.Single(_files.Errors("upstream_address: ://")), StringComparison.Ordinal);

    [Fact]
    public void Error_between_keys_is_reported_at_the_value_that_caused_it() => Assert.Equal(
        [
            "1.yaml:3:12: metrics_endpoint.address: 0.0.0.0:8080: listen_address (0.0.0.0:8080) already takes this port, "
                + "allowed: a port of its own",
        ],
        _files.Errors("upstream_address: a:1\nmetrics_endpoint:\n  address: 0.0.0.0:8080"));

    [Theory]
    [InlineData("purge: {auth_token: two words}")]
    [InlineData("purge: {auth_token: [words, words]}")]
    [InlineData("purge: {auth_token: {words: words}}")]
    [InlineData("purge: {auth_tokn: words}")]
    [InlineData("purge: words")]
    [InlineData("upstream_address: http://user:words@origin.example")]
    [InlineData("upstream_address: user:words@origin.example")]
    [InlineData("upstream_address: user:words@@origin.example/path")]
    [InlineData("upstream_address: https://user:words@origin.example")]
    public void Secret_is_in_no_error(string line)
    {
        string error = Assert.Single(
            _files.Errors(line.StartsWith("upstream", StringComparison.Ordinal) ? line : "upstream_address: a:1\n" + line));
        Assert.DoesNotContain("words", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Value_in_an_error_stays_on_its_line_and_is_cut()
    {
        string error = Assert.Single(_files.Errors("upstream_address: a:1\nlog_level: \"in\\nfo\\e[31m" + new string('x', 100) + "\""));
        Assert.StartsWith(@"1.yaml:2:12: log_level: in\nfo\u001b[31mxxx", error, StringComparison.Ordinal);
        Assert.Contains("x…: not a severity", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Alias_has_the_value_of_its_anchor() =>
        Assert.Equal(
            TimeSpan.FromSeconds(7),
            Options("upstream_address: a:1\ntimeouts:\n  connect: &wait 7s\n  first_byte: *wait").Timeouts.FirstByte);

    [Fact]
    public void Aliases_of_aliases_cost_no_more_than_their_text()
    {
        // Expanded, this would be 9^20 items.
        string laughs = string.Concat(
            Enumerable.Range(1, 20).Select(i => $"k{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n"));
        string[] errors = _files.Errors("upstream_address: a:1\nk0: &a0 lol\n" + laughs);
        Assert.Equal(21, errors.Length);
        Assert.All(errors, error => Assert.Contains("unknown key", error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("max_retries: *nowhere", "1.yaml:1:14: not YAML: ")]
    [InlineData("a: &a [*a]", "1.yaml:1:8: not YAML: an alias of an anchor that is not complete above it")]
    [InlineData("max_retries: 1\n  slice_size: 2", "1.yaml:2:")]
    [InlineData("max_retries: 1\ntimeouts:\n\tsend: 1s",
        "1.yaml:3:1: not YAML: a tab in the indentation, allowed: spaces")]
    [InlineData("slice_patterns: [a, b\nmax_retries: 2", "1.yaml:1:17: not YAML: a [ that is not closed, allowed: a ] at its end")]
    [InlineData("max_retries: 'x", "1.yaml:1:14: not YAML: ")]
    [InlineData("a: 1\n---\nb: 1", "1.yaml:2:1: not YAML: a second document begins here")]
    [InlineData("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "1.yaml:1:17: not YAML: nested deeper than 16 levels")]
    [InlineData("%YAML 9.9\n---\na: 1", "1.yaml:1:")]
    [InlineData("a: \"\\q\"", "1.yaml:1:4: not YAML: ")]
    public void Broken_yaml_is_one_error_with_its_place(string text, string beginning) =>
        Assert.StartsWith(beginning, Assert.Single(_files.Errors(text)), StringComparison.Ordinal);

    [Fact]
    public void Any_damage_to_a_file_is_reported_and_never_thrown() =>
        Gen.Select(
            Gen.Int[0, GuideProduction.Length],
            Gen.Int[0, 12],
            Gen.String[Gen.Char["[]{}:,-?&*!|>'\"%@`#\n\r\t\\ a1~<=\0"], 0, 6])
            .Sample(
                (position, removedChars, inserted) =>
                {
                    int end = Math.Min(GuideProduction.Length, position + removedChars);
                    ConfigurationResult result = _files.Read(GuideProduction[..position] + inserted + GuideProduction[end..]);
                    return result.Options is null == result.Errors.Count > 0
                        && result.Errors.All(error => !error.ToString().Any(char.IsControl));
                },
                iter: 400,
                threads: 1);

    [Fact]
    public void Nesting_within_the_bound_is_the_binders_error() =>
        Assert.Equal(["1.yaml:2:1: a: unknown key"], _files.Errors("upstream_address: a:1\na: [[[[[[[[[[[[[[1]]]]]]]]]]]]]]"));

    [Fact]
    public void Deep_nesting_does_not_exhaust_the_stack() =>
        Assert.Contains("nested deeper", Assert.Single(_files.Errors(new string('[', 1 << 19))), StringComparison.Ordinal);

    [Fact]
    public void Other_files_errors_are_reported_besides_broken_yaml() => Assert.Equal(
        ["2.yaml:1:14: max_retries: -1: too small, allowed: 0 to 20"],
        _files.Errors("a: [", "max_retries: -1").Skip(1));

    [Fact]
    public void Byte_order_mark_and_carriage_returns_are_accepted()
    {
        SliceOptions options = Options("\uFEFFupstream_address: a:1\r\nmax_retries: 2\r\n");
        Assert.Equal(2, options.MaxRetries);
    }

    [Fact]
    public void File_that_is_not_utf8_is_an_error_with_the_offset()
    {
        File.WriteAllBytes(_files.Combine("latin1.yaml"), [.. "# "u8, 0xFC, .. "\nmax_retries: 1\n"u8]);
        Assert.Equal(
            ["latin1.yaml: cannot be read: not UTF-8: bytes fc at offset 2"],
            _files.Lines(ConfigurationReader.Read([_files.Combine("latin1.yaml")]).Errors));
    }

    [Fact]
    public void File_that_is_missing_is_an_error() =>
        Assert.Equal(["no.yaml: cannot be read: no such file"], _files.Lines(ConfigurationReader.Read([_files.Combine("no.yaml")]).Errors));

    [Fact]
    public void File_in_a_missing_directory_is_an_error() =>
        Assert.Equal(
            ["no/no.yaml: cannot be read: no such file"], _files.Lines(ConfigurationReader.Read([_files.Combine("no/no.yaml")]).Errors));

    [Fact]
    public void Directory_instead_of_a_file_is_an_error()
    {
        Directory.CreateDirectory(_files.Combine("directory.yaml"));
        Assert.Equal(
            ["directory.yaml: cannot be read: a directory"],
            _files.Lines(ConfigurationReader.Read([_files.Combine("directory.yaml")]).Errors));
    }

    [Theory]
    [InlineData(1 << 20, false)]
    [InlineData((1 << 20) + 1, true)]
    public void File_is_bounded(int bytes, bool isTooLong)
    {
        const string Line = "upstream_address: a:1\n";
        string[] expected = isTooLong ? ["1.yaml: cannot be read: longer than 1MiB"] : [];
        Assert.Equal(expected, _files.Errors(Line + new string('#', bytes - Line.Length)));
    }

    [Fact]
    public void Endless_device_is_not_read_to_its_end() =>
        Assert.Equal(["/dev/zero: cannot be read: longer than 1MiB"], _files.Lines(ConfigurationReader.Read(["/dev/zero"]).Errors));

    private SliceOptions Options(params string[] texts)
    {
        ConfigurationResult result = _files.Read(texts);
        Assert.Empty(result.Errors);
        return result.Options!;
    }
}
