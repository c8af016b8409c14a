using Slice.Core.Options;

namespace Slice.Tests.Options;

/// <summary>What a reload takes over and what it leaves for a restart.</summary>
public sealed class ReloadPlanTests
{
    private static readonly SliceOptions s_running = new() { UpstreamAddresses = [new Uri("http://origin.example:80")] };

    public static TheoryData<string> Names => [.. OptionTable.Keys.Select(key => key.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Changed_key_is_applied_when_it_is_live_and_waits_otherwise(string name)
    {
        OptionKey key = OptionTable.Find(name)!;
        SliceOptions loaded = key.With(s_running, OptionValues.Other(key, s_running));

        ReloadPlan plan = ReloadPlan.Between(s_running, loaded);

        bool isLive = key.Reload == OptionReload.Live;
        Assert.Equal(isLive ? [key] : [], plan.Applied);
        Assert.Equal(isLive ? [] : [key], plan.Waiting);
        Assert.Equal(key.Read(isLive ? loaded : s_running), key.Read(plan.Effective));
    }

    // An instance that changed them while it runs would go on under the old names of the tier, beside others with the new ones.
    [Theory]
    [InlineData("upstream_address")]
    [InlineData("forward_host")]
    [InlineData("validator")]
    [InlineData("cache_key.query")]
    [InlineData("cache_key.ignored_arguments")]
    [InlineData("cache_key.fields")]
    [InlineData("cache_set_cookie")]
    [InlineData("shared_cache.mac_key")]
    public void What_names_things_in_a_shared_cache_waits_with_one_and_makes_another_realm(string name)
    {
        var running = s_running with
        {
            SharedCache = s_running.SharedCache with { Type = SharedCacheType.Redis, Addresses = ["127.0.0.1:6379"] },
        };
        OptionKey key = OptionTable.Find(name)!;
        SliceOptions loaded = key.With(running, OptionValues.Other(key, running));

        ReloadPlan plan = ReloadPlan.Between(running, loaded);

        Assert.Equal([key], plan.Waiting);
        Assert.NotEqual(SharedCacheRealm.Of(running), SharedCacheRealm.Of(loaded));
        Assert.Equal(SharedCacheRealm.Of(running), SharedCacheRealm.Of(plan.Effective));
    }

    [Fact]
    public void Changes_of_both_kinds_are_told_apart_in_the_order_of_the_table()
    {
        SliceOptions loaded = s_running with
        {
            LogLevel = LogSeverity.Error,
            ListenAddress = "127.0.0.1:1",
            MaxRetries = 7,
            EnableCache = false,
            Timeouts = s_running.Timeouts with { Connect = TimeSpan.FromSeconds(1), Send = TimeSpan.FromSeconds(2) },
        };

        ReloadPlan plan = ReloadPlan.Between(s_running, loaded);

        Assert.Equal(["max_retries", "timeouts.send", "log_level"], plan.Applied.Select(key => key.Name));
        Assert.Equal(["enable_cache", "listen_address", "timeouts.connect"], plan.Waiting.Select(key => key.Name));
        Assert.Equal(
            s_running with
            {
                LogLevel = LogSeverity.Error,
                MaxRetries = 7,
                Timeouts = s_running.Timeouts with { Send = TimeSpan.FromSeconds(2) },
            },
            plan.Effective);
    }

    [Fact]
    public void What_was_applied_is_not_applied_again_and_what_waits_waits_on()
    {
        SliceOptions loaded = s_running with { MaxRetries = 7, EnableCache = false };
        ReloadPlan first = ReloadPlan.Between(s_running, loaded);
        ReloadPlan second = ReloadPlan.Between(first.Effective, loaded);
        Assert.Empty(second.Applied);
        Assert.Equal(first.Waiting, second.Waiting);
        Assert.Empty(ReloadPlan.Between(first.Effective, s_running with { MaxRetries = 7 }).Waiting);
    }

    [Theory]
    [InlineData("http://a", "http://b", true)]
    [InlineData("https://a", "https://b", true)]
    [InlineData("http://a", "https://a", false)]
    [InlineData("https://a", "http://a", false)]
    public void Addresses_of_the_origin_are_live_unless_they_change_to_or_from_tls(string from, string to, bool isApplied)
    {
        SliceOptions running = s_running with { UpstreamAddresses = [new Uri(from)] };
        ReloadPlan plan = ReloadPlan.Between(running, running with { UpstreamAddresses = [new Uri(to)] });
        Assert.Equal(isApplied ? "upstream_address" : "", string.Concat(plan.Applied.Select(key => key.Name)));
        Assert.Equal(isApplied ? "" : "upstream_address", string.Concat(plan.Waiting.Select(key => key.Name)));
        Assert.Equal(new Uri(isApplied ? to : from), Assert.Single(plan.Effective.UpstreamAddresses));
    }

    // As text these two lists are the same.
    [Fact]
    public void Lists_are_compared_entry_by_entry()
    {
        ReloadPlan plan = ReloadPlan.Between(s_running with { SlicePatterns = ["a, b"] }, s_running with { SlicePatterns = ["a", "b"] });
        Assert.Equal(["slice_patterns"], plan.Applied.Select(key => key.Name));
        Assert.Empty(ReloadPlan.Between(s_running with { SlicePatterns = ["a"] }, s_running with { SlicePatterns = ["a"] }).Applied);
    }

    // The placeholder of both would be the same.
    [Theory]
    [InlineData("purge.auth_token")]
    [InlineData("shared_cache.password")]
    [InlineData("shared_cache.mac_key")]
    public void Another_secret_is_a_change(string name)
    {
        OptionKey key = OptionTable.Find(name)!;
        ReloadPlan plan = ReloadPlan.Between(key.With(s_running, "a"), key.With(s_running, "b"));
        Assert.Equal([name], plan.Applied.Concat(plan.Waiting).Select(changed => changed.Name));
    }
}
