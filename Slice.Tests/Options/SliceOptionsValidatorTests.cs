using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class SliceOptionsValidatorTests
{
    private static readonly SliceOptions s_valid = new() { UpstreamAddress = new Uri("http://origin.example/") };

    public static TheoryData<string> KeysWithARange() =>
        [.. OptionTable.Keys.Where(key => key.Kind is OptionKind.Count or OptionKind.Size or OptionKind.Duration).Select(key => key.Name)];

    [Fact]
    public void Defaults_with_an_origin_are_valid() => Assert.Empty(SliceOptionsValidator.Validate(s_valid));

    [Fact]
    public void Missing_origin_is_an_error()
    {
        OptionError error = Assert.Single(SliceOptionsValidator.Validate(new SliceOptions()));
        Assert.Equal(("upstream_address", "required and not set"), (error.Key, error.Problem));
    }

    [Theory]
    [MemberData(nameof(KeysWithARange))]
    public void Both_ends_of_a_range_are_allowed_and_what_is_beyond_is_not(string name)
    {
        OptionKey key = OptionTable.Find(name)!;
        Assert.Empty(key.Check(Typed(key, key.Minimum)));
        Assert.Empty(key.Check(Typed(key, key.Maximum)));
        OptionError below = Assert.Single(key.Check(Typed(key, key.Minimum - 1)));
        OptionError above = Assert.Single(key.Check(Typed(key, key.Maximum + 1)));
        Assert.All([below, above], error => Assert.Equal((name, key.Allowed), (error.Key, error.Allowed)));
    }

    [Fact]
    public void Two_listeners_on_one_port_are_an_error()
    {
        SliceOptions options = s_valid with { ListenAddress = "0.0.0.0:9090" };
        OptionError error = Assert.Single(SliceOptionsValidator.Validate(options));
        Assert.Equal("metrics_endpoint.address", error.Key);
        Assert.Contains("listen_address (0.0.0.0:9090)", error.Problem, StringComparison.Ordinal);
        Assert.Empty(SliceOptionsValidator.Validate(options with { MetricsEndpoint = new MetricsEndpointOptions { Enabled = false } }));
    }

    [Fact]
    public void Target_longer_than_the_head_it_is_part_of_is_an_error()
    {
        SliceOptions options = s_valid with { Limits = new LimitOptions { RequestHeadBytes = 4096, RequestTargetBytes = 4096 } };
        Assert.Equal("limits.request_target", Assert.Single(SliceOptionsValidator.Validate(options)).Key);
    }

    [Fact]
    public void All_errors_are_found_at_once()
    {
        SliceOptions options = new() { SliceSizeBytes = 1, MaxRetries = -1, SlicePatterns = ["("] };
        Assert.Equal(
            ["upstream_address", "slice_size", "max_retries", "slice_patterns"],
            SliceOptionsValidator.Validate(options).Select(error => error.Key));
    }

    [Fact]
    public void Tests_may_ask_for_slices_that_operators_may_not()
    {
        SliceOptions options = s_valid with { SliceSizeBytes = 2 };
        Assert.NotEmpty(SliceOptionsValidator.Validate(options));
        Assert.Empty(SliceOptionsValidator.Validate(options, minimumSliceSizeBytes: 2));
    }

    [Fact]
    public void Every_key_reads_back_what_it_sets()
    {
        Assert.All(OptionTable.Keys, key =>
        {
            object? value = key.Read(s_valid);
            Assert.Equal(value, key.Read(key.With(new SliceOptions(), value)));
        });
        Assert.Equal(OptionTable.Keys.Count, OptionTable.Keys.Select(key => key.Name).Distinct().Count());
    }

    [Fact]
    public void Secret_is_never_shown()
    {
        OptionKey token = OptionTable.Find("purge.auth_token")!;
        Assert.Equal(OptionKey.Redacted, token.Format("hunter2"));
        Assert.Equal(OptionKey.Redacted, Assert.Single(token.Check("two words")).Value);
    }

    private static object Typed(OptionKey key, long number) => key.Kind == OptionKind.Duration ? TimeSpan.FromMilliseconds(number) : number;
}
