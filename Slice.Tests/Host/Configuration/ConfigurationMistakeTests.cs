using Slice.Core.Options;
using Slice.Host.Configuration;

namespace Slice.Tests.Host.Configuration;

/// <summary>The mistakes that people make in a configuration, one by one: each is named where it is, with what to write instead.</summary>
public sealed class ConfigurationMistakeTests : IDisposable
{
    private readonly ConfigurationFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("listen_address: [::1]:80", "2:17: not YAML: [::1]:80: YAML takes the brackets for a list, "
        + "allowed: the address in quotes, '[::1]:80'")]
    [InlineData("listen_address:   [2001:db8::7]:8080 # here", "2:19: not YAML: [2001:db8::7]:8080: ")]
    [InlineData("metrics_endpoint:\n  address: [::]:9090", "3:12: not YAML: [::]:9090: ")]
    [InlineData("metrics_endpoint: {address: [::]:9090}", "2:29: not YAML: [::]:9090: ")]
    [InlineData("listen_address: [::1]", "2:17: listen_address: a list; YAML takes brackets for a list, "
        + "put the address in quotes: '[::1]:PORT', allowed: " + ListenAddress.Syntax)]
    [Trait("Behaviour", "B48")]
    public void Ipv6_address_without_quotes_is_named(string yaml, string error) =>
        Assert.StartsWith("1.yaml:" + error, Single("upstream_address: a:1\n" + yaml), StringComparison.Ordinal);

    [Theory]
    [InlineData("upstream_address: [::1]:80", "1:19: not YAML: [::1]:80: ")]
    [InlineData("upstream_address:\n  - a:1\n  - [::1]:80", "3:5: not YAML: [::1]:80: ")]
    [InlineData("upstream_address: [[::1]:80, b:1]", "1:20: upstream_address: a section of keys; YAML takes brackets for a list, "
        + "put the address in quotes: '[::1]:PORT', allowed: ")]
    [InlineData("upstream_address: [::1]", "1:20: upstream_address: ::1: an IPv6 address goes in brackets; YAML takes brackets for a list, "
        + "put the address in quotes: '[::1]:PORT', allowed: ")]
    public void Ipv6_address_of_the_origin_without_quotes_is_named(string yaml, string error) =>
        Assert.StartsWith("1.yaml:" + error, Single(yaml), StringComparison.Ordinal);

    [Theory]
    [InlineData("path: off", "3:9: access_log.path: off: not a path: leave the key out for no access log, allowed: ")]
    [InlineData("path: none", "3:9: access_log.path: none: not a path: leave the key out for no access log, allowed: ")]
    [InlineData("path: stdout", "3:9: access_log.path: stdout: not a path: standard output is not written to, stderr is, allowed: ")]
    [InlineData("path: \"-\"", "3:9: access_log.path: -: not a path: standard output is not written to, stderr is, allowed: ")]
    [InlineData("path: syslog:server=unix:/dev/log", "3:9: access_log.path: syslog:server=unix:/dev/log: not a path: syslog has the lines "
        + "of the journal, allowed: ")]
    public void Words_that_other_servers_have_for_a_log_make_no_file(string line, string error) =>
        Assert.StartsWith("1.yaml:" + error, Single("upstream_address: a:1\naccess_log:\n  " + line), StringComparison.Ordinal);

    [Theory]
    [InlineData("upstream_address:127.0.0.1:41080", "1:1: a space belongs behind the colon, allowed: a file of keys and values, KEY: ")]
    [InlineData("upstream_address:a:1\nslice_size:1m\n", "1:1: a space belongs behind the colon, allowed: ")]
    [InlineData("upstream_address: a:1\npurge:\n  enabled:false", "3:3: purge: a space belongs behind the colon, allowed: ")]
    [InlineData("upstream_address: a:1\nslice_patterns:\n  -^/downloads/",
        "3:3: slice_patterns: -^/downloads/: a space belongs behind the hyphen of each entry, allowed: ")]
    [InlineData("upstream_address: a:1\nslice_patterns:\n  -^/a\n  - ^/b",
        "3:3: slice_patterns: -^/a - ^/b: a space belongs behind the hyphen of each entry, allowed: ")]
    [InlineData("upstream_address: a:1\nslice_patterns:\n  - ^/a\n  -^/b", "4:3: not YAML: no space behind the hyphen, allowed: - VALUE")]
    [InlineData("upstream_address: a:1\nslice_patterns:\n  - ^/a\n    -^/b",
        "3:5: slice_patterns: ^/a -^/b: a space belongs behind the hyphen of each entry, allowed: ")]
    [InlineData("upstream_address: a:1\nslice_patterns:\n-^/a", "3:1: not YAML: no space behind the hyphen, allowed: - VALUE")]
    [InlineData("https://a", "1:1: a single value, allowed: a file of keys and values, KEY: VALUE")]
    public void Space_that_is_missed_behind_a_colon_or_hyphen_is_named(string yaml, string error) =>
        Assert.StartsWith("1.yaml:" + error, Single(yaml), StringComparison.Ordinal);

    [Fact]
    public void Section_that_is_written_as_a_value_names_its_keys() => Assert.Equal(
        "1.yaml:2:13: access_log: a single value, allowed: a section of keys: path, format",
        Single("upstream_address: a:1\naccess_log: /var/log/access.log"));

    // YAML 1.2 §5.1. Every character up to U+00A0, each in a value, a comment and a quoted value.
    [Fact]
    [Trait("Behaviour", "B48")]
    public void Character_that_yaml_does_not_print_is_named_with_its_place()
    {
        int[] printable = [0x09, 0x0A, 0x0D, 0x85, .. Enumerable.Range(0x20, 0x7F - 0x20), 0xA0, 0xD7FF, 0xE000, 0xFEFF, 0xFFFD];
        foreach (int code in Enumerable.Range(0, 0xA1).Concat([0xD7FF, 0xE000, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF]))
        {
            char c = (char)code;
            UnprintableCharacter? expected = Array.IndexOf(printable, code) >= 0 ? null : new UnprintableCharacter(3, 4, c);
            Assert.Equal(expected, UnprintableCharacter.Find($"a\n\r\nb: {c}b"));
        }

        Assert.Equal(new UnprintableCharacter(2, 3, '\0'), UnprintableCharacter.Find("a\rbc\0"));
        Assert.Null(UnprintableCharacter.Find("\U0001F600\uD83F\uDFFE"));
    }

    [Theory]
    [InlineData("cache_ttl: {0}", 0x00, "2:12: not YAML: U+0000 ")]
    [InlineData("l2_cache_dir: \"/a{0}b\"", 0x00, "2:18: not YAML: U+0000 ")]
    [InlineData("# a comment\r\n# {0}", 0x1B, "3:3: not YAML: U+001B ")]
    [InlineData("purge:\n  auth_token: 'a{0}'", 0x7F, "3:17: not YAML: U+007F ")]
    [Trait("Behaviour", "B48")]
    public void Unprintable_character_is_an_error_wherever_it_stands(string yaml, int code, string error) => Assert.StartsWith(
        "1.yaml:" + error + "is not a printable character, allowed: printable characters, tabs and line ends",
        Single("upstream_address: a:1\n" + yaml.Replace("{0}", ((char)code).ToString(), StringComparison.Ordinal)),
        StringComparison.Ordinal);

    [Fact]
    public void Ipv6_address_in_quotes_is_read() =>
        Assert.Equal("[::1]:8080", _files.Read("upstream_address: \"[::1]:80\"\nlisten_address: '[::1]:8080'").Options!.ListenAddress);

    [Theory]
    [InlineData("timeouts:\n\tsend: 1s", "3:1: not YAML: a tab in the indentation, allowed: spaces")]
    [InlineData("timeouts:\r\n\tsend: 1s\r\n", "3:1: not YAML: a tab in the indentation, allowed: spaces")]
    [InlineData("timeouts:\n  connect: 1s\n\tsend: 1s", "4:1: not YAML: a tab in the indentation, allowed: spaces")]
    [InlineData("timeouts:\n  # a comment\n\tsend: 1s", "4:1: not YAML: a tab in the indentation, allowed: spaces")]
    [InlineData("slice_patterns: - ^/a", "2:17: not YAML: - begins an entry of a list, allowed: each entry on a line of its own, below")]
    [InlineData("  max_retries: 3", "2:14: not YAML: a colon where a value is: the line is indented deeper than its neighbours")]
    [InlineData("health_path: /a: b", "2:16: not YAML: a colon where a value is: ")]
    [InlineData("timeouts:\n  connect: 1s\n send: 2s", "4:2: not YAML: not in the column of the keys above, allowed: keys of one section")]
    [InlineData("- max_retries: 3", "2:1: not YAML: an entry of a list where a key is expected, allowed: keys of one section")]
    [InlineData("max_retries:3", "2:12: not YAML: no space behind the colon, allowed: KEY: VALUE")]
    [InlineData("max_retries:3\ncache_ttl: 1h", "2:12: not YAML: no space behind the colon, allowed: KEY: VALUE")]
    [InlineData("slice_patterns: [a, b\nmax_retries: 2", "2:17: not YAML: a [ that is not closed, allowed: a ] at its end")]
    [InlineData("timeouts: {send: 1s\nmax_retries: 2", "2:11: not YAML: a { that is not closed, allowed: a } at its end")]
    [InlineData("health_path: \"/a\nmax_retries: 2", "2:14: not YAML: a quote that is not closed, allowed: a closing quote")]
    [InlineData("health_path: '/a", "2:14: not YAML: a quote that is not closed, allowed: a closing quote")]
    [InlineData("slice_patterns:\n  - \"^/a\\.b\"", "3:5: not YAML: in double quotes a backslash begins an escape, and this one is none, "
        + "allowed: \\\\ for each \\, or single quotes around the value")]
    [InlineData("slice_patterns:\n  - *.iso", "3:5: not YAML: * begins an alias in YAML, and no anchor above has this name, "
        + "allowed: the whole value in quotes")]
    [InlineData("slice_patterns:\n  - [a-z]+/x", "3:5: not YAML: [ begins a list in YAML, and something follows its end, allowed: ")]
    [InlineData("health_path: @a", "2:14: not YAML: @ cannot begin a value in YAML, allowed: the whole value in quotes")]
    [InlineData("health_path: `a`", "2:14: not YAML: ` cannot begin a value in YAML, allowed: the whole value in quotes")]
    [InlineData("health_path: %a", "2:14: not YAML: % cannot begin a value in YAML, allowed: the whole value in quotes")]
    [InlineData("health_path: \"/a\" b", "2:14: not YAML: something follows the closing quote, allowed: the whole value in quotes")]
    [InlineData("<<: {max_retries: 1}", "2:1: <<: a merge key, which YAML 1.2 does not have, allowed: an alias, ")]
    [InlineData("timeouts:\n  <<: {send: 1s}", "3:3: timeouts.<<: a merge key, which YAML 1.2 does not have, allowed: an alias, ")]
    [Trait("Behaviour", "B48")]
    public void Mistake_of_yaml_is_named_at_its_place(string yaml, string error) =>
        Assert.StartsWith("1.yaml:" + error, Single("upstream_address: a:1\n" + yaml), StringComparison.Ordinal);

    [Theory]
    [InlineData("listen 80;", "1:1: the syntax of nginx; see docs/migrating-from-nginx-slice.md, allowed: a file of keys and values")]
    [InlineData("# mine\nuser www-data;\nhttp {\n  server {\n    listen 80;\n  }\n}\n", "2:1: the syntax of nginx; see docs/")]
    [InlineData("server {\n  listen 80;\n  location / { proxy_pass http://a; }\n}\n", "the syntax of nginx; see docs/")]
    [InlineData("upstream_address = a:1\nmax_retries = 3", "1:1: KEY = VALUE, with a colon in YAML, allowed: a file of keys and values")]
    public void Syntax_of_another_program_is_named(string text, string error) =>
        Assert.Contains(error, Single(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("enable_cache: yes", "2:15: enable_cache: yes: not a flag (a text in YAML 1.2), write true, allowed: true or false")]
    [InlineData("enable_cache: Off", "2:15: enable_cache: Off: not a flag (a text in YAML 1.2), write false, allowed: true or false")]
    [InlineData("enable_cache: maybe", "2:15: enable_cache: maybe: not a flag, allowed: true or false")]
    [InlineData("max_retries: 010", "2:14: max_retries: 010: not a whole number: with a leading zero it is octal to some and decimal to "
        + "others, leave the zero out, allowed: 0 to 20")]
    [InlineData("max_retries: 0o10", "2:14: max_retries: 0o10: not a whole number: write it in decimal, allowed: 0 to 20")]
    [InlineData("max_retries: 1_0", "2:14: max_retries: 1_0: not a whole number: write the digits without separators, allowed: 0 to 20")]
    [InlineData("max_retries: 3.0", "2:14: max_retries: 3.0: not a whole number: no fractions, allowed: 0 to 20")]
    [InlineData("max_retries: +3", "2:14: max_retries: +3: not a whole number: leave the + out, allowed: 0 to 20")]
    [InlineData("max_retries: 99999999999999999999", "not a whole number: it needs more than 64 bits, allowed: 0 to 20")]
    [InlineData("max_retries: three", "2:14: max_retries: three: not a whole number, allowed: 0 to 20")]
    [InlineData("slice_size: 1.5MiB", "2:13: slice_size: 1.5MiB: not a size: no fractions, write 1536KiB (bytes, or ")]
    [InlineData("slice_size: 0.1MiB", "2:13: slice_size: 0.1MiB: not a size: no fractions (bytes, or ")]
    [InlineData("slice_size: 1,048,576", "2:13: slice_size: 1,048,576: not a size: write the digits without separators (bytes, or ")]
    [InlineData("slice_size: 0x100000", "2:13: slice_size: 0x100000: not a size: write it in decimal (bytes, or ")]
    [InlineData("slice_size: big", "2:13: slice_size: big: not a size (bytes, or ")]
    [InlineData("slice_size: 20m", "2:13: slice_size: 20m: too large, allowed: 64KiB to 10MiB")]
    [InlineData("cache_ttl: 1.5h", "2:12: cache_ttl: 1.5h: not a duration: no fractions, write 90m (seconds, or ")]
    [InlineData("cache_ttl: 1M", "2:12: cache_ttl: 1M: not a duration: M is a month in nginx, write m for minutes or 30d for a month (")]
    [InlineData("cache_ttl: 1min", "2:12: cache_ttl: 1min: not a duration (seconds, or ")]
    [InlineData("cache_ttl: 2y", "2:12: cache_ttl: 2y: too long, allowed: 0s to 365d")]
    [InlineData("slice_patterns: ['a{20000}']", "2:18: slice_patterns: a{20000}: too large: with every counted repetition written out it "
        + "has more than 10,000 states; use * or + in place of large counts, or several patterns, allowed: " + SlicePattern.Syntax)]
    [InlineData("cache_rules: [{path: 'a{20000}', ttl: 1h}]", "cache_rules[1].path: a{20000}: too large: with every counted repetition")]
    [Trait("Behaviour", "B48")]
    public void Value_of_another_spelling_is_named_with_the_right_one(string yaml, string error) =>
        Assert.Contains(error, Single("upstream_address: a:1\n" + yaml), StringComparison.Ordinal);

    [Theory]
    [InlineData("slice_size: 2m\ncache_ttl: 1h30m")]
    [InlineData("slice_size: 2M\ncache_ttl: 90m")]
    [InlineData("slice_size: 2048k\ncache_ttl: 5400")]
    [InlineData("slice_size: 2MiB\ncache_ttl: \"1h 30m\"")]
    public void Size_and_duration_are_read_in_every_spelling(string yaml)
    {
        SliceOptions options = _files.Read("upstream_address: a:1\n" + yaml).Options!;
        Assert.Equal((2 << 20, TimeSpan.FromMinutes(90)), (options.SliceSizeBytes, options.CacheTtl));
    }

    [Theory]
    [InlineData("max_retries: 1\nupstream_address: null", "1.yaml:2:19: upstream_address: (not set): required and not set, allowed: ")]
    [InlineData("max_retries: 1\nupstream_address: ~", "1.yaml:2:19: upstream_address: (not set): required and not set, allowed: ")]
    [InlineData("max_retries: 1\nupstream_address:", "1.yaml:2:18: upstream_address: (not set): required and not set, allowed: ")]
    [InlineData("max_retries: 1", "1.yaml:1:1: upstream_address: (not set): required and not set, allowed: ")]
    public void Required_key_without_a_value_is_reported_where_it_stands(string yaml, string error) =>
        Assert.StartsWith(error, Single(yaml), StringComparison.Ordinal);

    [Fact]
    public void Key_without_a_value_over_one_with_a_value_is_no_error() =>
        Assert.Empty(_files.Errors("upstream_address: a:1", "upstream_address:"));

    // A password may begin with anything.
    [Theory]
    [InlineData("purge:\n  auth_token: *words")]
    [InlineData("purge:\n  auth_token: @words")]
    [InlineData("purge:\n  auth_token: \"words\\.\"")]
    [InlineData("purge:\n  auth_token: 'words' words")]
    [InlineData("purge:\n  auth_token: [words]words")]
    [InlineData("purge:\n  auth_token:words\n  enabled: true")]
    [InlineData("purge:\n  auth_token: words: words")]
    [InlineData("purge:\n\tauth_token: words")]
    public void Secret_is_in_no_error_about_yaml(string yaml) =>
        Assert.DoesNotContain("words", Single("upstream_address: a:1\n" + yaml), StringComparison.Ordinal);

    private string Single(string yaml) => Assert.Single(_files.Errors(yaml));
}
