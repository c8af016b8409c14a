using System.Collections;
using System.Reflection;
using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class OptionTableTests
{
    [Fact]
    public void Names_are_unique_and_at_most_two_sections_deep()
    {
        Assert.Equal(OptionTable.Keys.Count, OptionTable.Keys.Select(key => key.Name).Distinct().Count());
        Assert.All(OptionTable.Keys, key => Assert.Matches("^([a-z0-9_]+\\.){0,2}[a-z0-9_]+$", key.Name));
    }

    [Fact]
    public void Section_and_key_never_share_a_name() =>
        Assert.Empty(OptionTable.Sections.Intersect(OptionTable.Keys.Select(key => key.Name)));

    [Fact]
    public void Every_leaf_of_the_options_has_a_key()
    {
        SliceOptions defaults = new()
        {
            UpstreamAddresses = [new Uri("http://origin.example")],
            CacheNegativeTtl = TimeSpan.FromSeconds(1),
            Purge = new PurgeOptions { AuthToken = "t" },
            Store = new CacheStoreOptions { OnDisk = true },
            UpstreamTls = new UpstreamTlsOptions { ServerName = "a", CaFile = "b" },
            AccessLog = new AccessLogOptions { Path = "a" },
            Tls = new TlsOptions { ListenAddress = "a", Certificate = "b", Key = "c" },
            SharedCache = new SharedCacheOptions
            {
                Directory = "a",
                Sentinel = "b",
                User = "c",
                Password = "d",
                TlsCaFile = "e",
                TlsServerName = "f",
                MacKey = "g",
            },
        };
        Assert.Equal(CountLeaves(defaults), OptionTable.Keys.Count);
    }

    [Fact]
    public void Every_key_reads_what_it_writes_and_changes_nothing_else()
    {
        SliceOptions defaults = new();
        foreach (OptionKey key in OptionTable.Keys)
        {
            object? other = OptionValues.Other(key, defaults);
            SliceOptions changed = key.With(defaults, other);

            Assert.Equal(other, key.Read(changed));
            Assert.All(
                OptionTable.Keys.Where(unchanged => unchanged != key),
                unchanged => Assert.Equal(unchanged.Read(defaults), unchanged.Read(changed)));
        }
    }

    // The table speaks of whole numbers, some options are narrower.
    [Fact]
    public void Every_bound_fits_its_option()
    {
        foreach (OptionKey key in OptionTable.Keys.Where(key => key.Maximum > 0))
        {
            Assert.All((long[])[key.Minimum, key.Maximum], bound =>
            {
                object value = key.Kind == OptionKind.Duration ? TimeSpan.FromMilliseconds(bound) : bound;
                Assert.Equal(value, key.Read(key.With(new SliceOptions(), value)));
            });
        }
    }

    [Fact]
    public void Every_summary_is_sentences() =>
        Assert.All(OptionTable.Keys, key => Assert.True(key.Summary.EndsWith('.') && char.IsUpper(key.Summary[0]), key.Name));

    // The contract's table of keys: what an operator of the earlier implementation wrote must mean the same.
    [Theory]
    [InlineData("upstream_address", "required")]
    [InlineData("slice_size", "1MiB")]
    [InlineData("max_concurrent_subrequests", "4")]
    [InlineData("max_retries", "3")]
    [InlineData("slice_patterns", "[]")]
    [InlineData("enable_cache", "true")]
    [InlineData("cache_ttl", "1h")]
    [InlineData("metrics_endpoint.enabled", "true")]
    [InlineData("metrics_endpoint.address", "127.0.0.1:9090")]
    [InlineData("listen_address", "0.0.0.0:8080")]
    [InlineData("purge.enabled", "true")]
    [InlineData("purge.auth_token", "none")]
    [InlineData("log_level", "info")]
    [InlineData("shared_cache.type", "none")]
    [InlineData("shared_cache.address", "[]")]
    [InlineData("shared_cache.password", "none")]
    [InlineData("shared_cache.prefix", "pslice:")]
    [InlineData("shared_cache.timeout", "50ms")]
    [InlineData("shared_cache.coherence", "1s")]
    public void Key_has_its_documented_default(string name, string expected) => Assert.Equal(expected, OptionTable.Find(name)!.DefaultText);

    // The contract: whoever changes one of these reads in the log that a restart is needed, and of no other.
    [Fact]
    public void Keys_with_a_socket_file_or_store_behind_them_wait_for_a_restart() => Assert.Equal(
        [
            "upstream_tls.server_name", "upstream_tls.ca_file", "upstream_tls.verify", "enable_cache", "l1_cache_size_bytes",
            "enable_l2_cache", "l2_cache_dir", "l2_cache_required", "cache_size", "shared_cache.type", "shared_cache.address",
            "shared_cache.directory", "shared_cache.directory_size", "shared_cache.directory_fsync", "shared_cache.sentinel",
            "shared_cache.user", "shared_cache.password", "shared_cache.tls", "shared_cache.tls_ca_file", "shared_cache.tls_server_name",
            "shared_cache.mac_key", "shared_cache.prefix", "shared_cache.timeout", "shared_cache.coherence", "shared_cache.collapse",
            "shared_cache.item_size", "shared_cache.connections", "listen_address", "tls.listen_address", "tls.certificate", "tls.key",
            "proxy_protocol.enabled", "proxy_protocol.trusted_addresses", "metrics_endpoint.enabled", "metrics_endpoint.address",
            "timeouts.connect", "timeouts.upstream_idle", "timeouts.upstream_connection_lifetime", "limits.max_connections",
            "limits.index_memory", "limits.response_head",
        ],
        OptionTable.Keys.Where(key => key.Reload == OptionReload.Restart).Select(key => key.Name));

    [Fact]
    public void Unknown_name_is_not_found() => Assert.Null(OptionTable.Find("slice-size"));

    private static int CountLeaves(object options) => options.GetType()
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Select(property => property.GetValue(options)!)
        .Sum(value => value is string or IEnumerable or Uri || value.GetType().Namespace == "System" || value is Enum
            ? 1
            : CountLeaves(value));
}
