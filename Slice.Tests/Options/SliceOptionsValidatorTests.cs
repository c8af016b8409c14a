using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class SliceOptionsValidatorTests
{
    private static readonly SliceOptions s_valid = new() { UpstreamAddresses = [new Uri("http://origin.example:80")] };

    public static TheoryData<string> BoundedKeys =>
        [.. OptionTable.Keys.Where(key => key.Kind is OptionKind.Count or OptionKind.Size or OptionKind.Duration).Select(key => key.Name)];

    [Fact]
    public void Defaults_lack_only_the_origin()
    {
        OptionError error = Assert.Single(SliceOptionsValidator.Validate(new SliceOptions()));
        Assert.Equal(
            "upstream_address: (not set): required and not set, allowed: " + OptionTable.Find("upstream_address")!.Allowed,
            error.ToString());
    }

    [Fact]
    public void Defaults_with_an_origin_are_valid() => Assert.Empty(SliceOptionsValidator.Validate(s_valid));

    [Theory]
    [MemberData(nameof(BoundedKeys))]
    public void Value_at_either_bound_is_allowed(string name)
    {
        OptionKey key = OptionTable.Find(name)!;
        Assert.Empty(key.Check(ValueOf(key, key.Minimum)));
        Assert.Empty(key.Check(ValueOf(key, key.Maximum)));
    }

    [Theory]
    [MemberData(nameof(BoundedKeys))]
    public void Value_past_either_bound_is_refused_with_the_range(string name)
    {
        OptionKey key = OptionTable.Find(name)!;
        OptionError below = Assert.Single(key.Check(ValueOf(key, key.Minimum - 1)));
        OptionError above = Assert.Single(key.Check(ValueOf(key, key.Maximum + 1)));
        Assert.Equal(name, below.Key);
        Assert.StartsWith("too s", below.Problem, StringComparison.Ordinal);
        Assert.True(above.Problem is "too large" or "too long", above.Problem);
        Assert.Equal(key.Allowed, below.Allowed);
        Assert.Equal(key.Allowed, above.Allowed);
    }

    // The figures themselves, as the contract and the owner's guide state them; a key that is missing here has bounds of our own choice.
    [Theory]
    [InlineData("slice_size", "64KiB to 10MiB")]
    [InlineData("max_concurrent_subrequests", "1 to 64")]
    [InlineData("max_retries", "0 to 20")]
    [InlineData("cache_ttl", "0s to 365d")]
    [InlineData("timeouts.shutdown", "1ms to 1d")]
    [InlineData("limits.request_target", "256 to 64KiB")]
    public void Range_in_words_is_as_documented(string name, string allowed) => Assert.Equal(allowed, OptionTable.Find(name)!.Allowed);

    [Theory]
    [InlineData(65_535, false)]
    [InlineData(65_536, true)]
    [InlineData(10_485_760, true)]
    [InlineData(10_485_761, false)]
    public void Slice_size_is_bounded(int sliceSizeBytes, bool isValid) =>
        Assert.Equal(isValid, SliceOptionsValidator.Validate(s_valid with { SliceSizeBytes = sliceSizeBytes }).Count == 0);

    [Fact]
    public void Slice_size_of_a_test_may_be_smaller_but_not_zero()
    {
        Assert.Empty(SliceOptionsValidator.Validate(s_valid with { SliceSizeBytes = 2 }, minimumSliceSizeBytes: 1));
        OptionError error = Assert.Single(SliceOptionsValidator.Validate(s_valid with { SliceSizeBytes = 0 }, minimumSliceSizeBytes: 1));
        Assert.Equal("slice_size: 0: too small, allowed: 1 to 10MiB", error.ToString());
    }

    [Fact]
    public void Every_error_is_reported_in_the_order_of_the_table()
    {
        SliceOptions options = new()
        {
            SliceSizeBytes = 1,
            MaxRetries = -1,
            SlicePatterns = ["(", "^/a", "(?=x)"],
            HealthPath = "health",
            MetricsEndpoint = new MetricsEndpointOptions { Address = "localhost:9090" },
            Purge = new PurgeOptions { AuthToken = "" },
            Timeouts = new TimeoutOptions { Send = TimeSpan.Zero },
        };

        Assert.Equal(
            [
                "upstream_address", "slice_size", "max_retries", "slice_patterns", "slice_patterns", "health_path",
                "metrics_endpoint.address", "purge.auth_token", "timeouts.send",
            ],
            SliceOptionsValidator.Validate(options).Select(error => error.Key));
    }

    [Theory]
    [InlineData("^/downloads/.*", null)]
    [InlineData(@"^/files/.*\.(bin|iso|zip|tar\.gz)$", null)]
    [InlineData("(?i)\\.ISO$", null)]
    [InlineData("", null)]
    [InlineData("(", "not a regular expression (InsufficientClosingParentheses at offset 1)")]
    [InlineData("(?=x)", "cannot be matched in linear time (lookahead at offset 0)")]
    [InlineData(@"(a)\1", "cannot be matched in linear time (a backreference at offset 3)")]
    [InlineData("(?>a)", "cannot be matched in linear time (an atomic group at offset 0)")]
    public void Pattern_must_be_matchable_in_linear_time(string pattern, string? problem)
    {
        var errors = SliceOptionsValidator.Validate(s_valid with { SlicePatterns = [pattern] });
        Assert.Equal(problem, errors.Count == 0 ? null : errors.Single().Problem);
    }

    [Theory]
    [InlineData("/", true)]
    [InlineData("/health", true)]
    [InlineData("/health%20check", true)]
    [InlineData("", false)]
    [InlineData("health", false)]
    [InlineData("/health?x", false)]
    [InlineData("/health#x", false)]
    [InlineData("/health check", false)]
    [InlineData("/gesundheit-ü", false)]
    public void Health_path_is_an_absolute_path(string path, bool isValid) =>
        Assert.Equal(isValid, SliceOptionsValidator.Validate(s_valid with { HealthPath = path }).Count == 0);

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void Health_path_is_bounded(int characters, bool isValid) =>
        Assert.Equal(
            isValid, SliceOptionsValidator.Validate(s_valid with { HealthPath = "/" + new string('a', characters - 1) }).Count == 0);

    [Theory]
    [InlineData("s3cret-~!", null)]
    [InlineData(null, null)]
    [InlineData("", "empty")]
    [InlineData("two words", "has characters other than visible ASCII")]
    [InlineData("tab\t", "has characters other than visible ASCII")]
    [InlineData("ü", "has characters other than visible ASCII")]
    [InlineData("(redacted)", "the placeholder of --check-config, not a secret")]
    public void Token_is_visible_ascii_and_never_shown(string? token, string? problem)
    {
        var errors = SliceOptionsValidator.Validate(s_valid with { Purge = new PurgeOptions { AuthToken = token } });
        Assert.Equal(problem, errors.Count == 0 ? null : errors.Single().Problem);
        Assert.All(errors, error => Assert.Equal("(redacted)", error.Value));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("cache", true)]
    [InlineData("/var/cache/ü x", true)]
    [InlineData("nul\0", false)]
    public void Directory_is_any_path_without_nul(string directory, bool isValid) =>
        Assert.Equal(
            isValid, SliceOptionsValidator.Validate(s_valid with { Store = new CacheStoreOptions { Directory = directory } }).Count == 0);

    [Theory]
    [InlineData("0.0.0.0:9090", true, true)]
    [InlineData("0.0.0.0:9090", false, false)]
    [InlineData("0.0.0.0:9091", true, false)]
    public void Listeners_may_not_want_the_same_port(string listen, bool metricsEnabled, bool collide)
    {
        SliceOptions options = s_valid with
        {
            ListenAddress = listen,
            MetricsEndpoint = new MetricsEndpointOptions { Enabled = metricsEnabled },
        };
        string[] expected = collide
            ? ["metrics_endpoint.address: 127.0.0.1:9090: listen_address (0.0.0.0:9090) already takes this port, "
                + "allowed: a port of its own"]
            : [];
        Assert.Equal(expected, SliceOptionsValidator.Validate(options).Select(error => error.ToString()));
    }

    [Theory]
    [InlineData(8_191, 8_192, true)]
    [InlineData(8_192, 8_192, false)]
    public void Request_target_must_fit_into_the_request_head(int targetBytes, int headBytes, bool isValid)
    {
        SliceOptions options = s_valid with
        {
            Limits = new LimitOptions { RequestTargetBytes = targetBytes, RequestHeadBytes = headBytes },
        };
        string[] expected = isValid
            ? []
            : ["limits.request_target: 8KiB: not less than the whole request head, allowed: less than limits.request_head (8KiB)"];
        Assert.Equal(expected, SliceOptionsValidator.Validate(options).Select(error => error.ToString()));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(64, false)]
    [InlineData((1 << 20) - 1, false)]
    [InlineData(1 << 20, true)]
    public void Index_memory_holds_something_or_is_the_default(long bytes, bool isValid)
    {
        SliceOptions options = s_valid with { Limits = new LimitOptions { IndexMemory = bytes } };
        string text = ByteSizeText.Format(bytes);
        string[] expected = isValid ? [] : [$"limits.index_memory: {text}: too small, allowed: 0, or at least 1MiB"];
        Assert.Equal(expected, SliceOptionsValidator.Validate(options).Select(error => error.ToString()));
    }

    private static object ValueOf(OptionKey key, long bound) => key.Kind == OptionKind.Duration ? TimeSpan.FromMilliseconds(bound) : bound;
}
