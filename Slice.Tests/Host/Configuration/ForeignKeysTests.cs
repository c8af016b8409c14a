using Slice.Core.Options;
using Slice.Host.Configuration;

namespace Slice.Tests.Host.Configuration;

/// <summary>Names of other programs lead to ours.</summary>
public sealed class ForeignKeysTests : IDisposable
{
    private readonly ConfigurationFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("listen: 80", "1.yaml:2:1: listen: unknown key, that is listen_address here")]
    [InlineData("bind: '*:80'", "1.yaml:2:1: bind: unknown key, that is listen_address here")]
    [InlineData("workers: 4", "1.yaml:2:1: workers: unknown key, no key is needed: one process uses all cores, with event loops and "
        + "threads of its own")]
    [InlineData("worker_processes: auto", "1.yaml:2:1: worker_processes: unknown key, no key is needed: one process uses all cores, with "
        + "event loops and threads of its own")]
    [InlineData("upstream: a:1", "1.yaml:2:1: upstream: unknown key, that is upstream_address here")]
    [InlineData("backend: a:1", "1.yaml:2:1: backend: unknown key, that is upstream_address here")]
    [InlineData("proxy_pass: http://a", "1.yaml:2:1: proxy_pass: unknown key, that is upstream_address here")]
    [InlineData("Proxy-Pass: http://a", "1.yaml:2:1: Proxy-Pass: unknown key, that is upstream_address here")]
    [InlineData("server_name: a", "1.yaml:2:1: server_name: unknown key, no key is needed: every Host is answered (forward_host tells "
        + "sites of one origin apart)")]
    [InlineData("proxy_cache_path: /c", "1.yaml:2:1: proxy_cache_path: unknown key, that is l2_cache_dir here")]
    [InlineData("slice: 1m", "1.yaml:2:1: slice: unknown key, that is slice_size here")]
    [InlineData("proxy_cache_valid: 1h", "1.yaml:2:1: proxy_cache_valid: unknown key, that is cache_rules here")]
    [InlineData("proxy_read_timeout: 60s",
        "1.yaml:2:1: proxy_read_timeout: unknown key, that is between_bytes in the section timeouts here")]
    [InlineData("timeouts:\n  proxy-connect-timeout: 5s",
        "1.yaml:3:3: timeouts.proxy-connect-timeout: unknown key, that is connect in the section timeouts here")]
    [InlineData("timeout connect: 5s", "1.yaml:2:1: timeout connect: unknown key, that is connect in the section timeouts here")]
    [InlineData("limit_rate: 1m",
        "1.yaml:2:1: limit_rate: unknown key, that is bytes_per_second in the section limits.per_client here")]
    [InlineData("log_file: /var/log/a", "1.yaml:2:1: log_file: unknown key, that is path in the section access_log here")]
    [InlineData("log: /var/log/a", "1.yaml:2:1: log: unknown key, that is path in the section access_log here")]
    [InlineData("log_path: /var/log/a", "1.yaml:2:1: log_path: unknown key, that is path in the section access_log here")]
    [InlineData("logfile: /var/log/a", "1.yaml:2:1: logfile: unknown key, that is path in the section access_log here")]
    [InlineData("log_format: combined", "1.yaml:2:1: log_format: unknown key, that is format in the section access_log here")]
    [InlineData("set_real_ip_from: 10.0.0.0/8", "1.yaml:2:1: set_real_ip_from: unknown key, that is trusted_proxies here")]
    [InlineData("shutdown_delay: 5s", "1.yaml:2:1: shutdown_delay: unknown key, that is drain_delay in the section timeouts here")]
    [InlineData("metrics: {}", "1.yaml:2:1: metrics: unknown key, that is the section metrics_endpoint here")]
    [Trait("Behaviour", "B48")]
    public void Name_of_another_program_points_to_ours(string yaml, string error) =>
        Assert.Equal([error], _files.Errors("upstream_address: a:1\n" + yaml));

    [Fact]
    public void Every_hint_names_a_key_or_section_that_there_is() => Assert.All(
        ForeignKeys.NamedKeys, name => Assert.True(OptionTable.Find(name) is not null || OptionTable.Sections.Contains(name), name));

    // In the section upstream_tls it is a key, and at the top of another meaning.
    [Fact]
    public void No_key_of_ours_has_a_foreign_name_in_its_own_place() => Assert.DoesNotContain(
        OptionTable.Keys, key => ForeignKeys.Hints.ContainsKey(key.LocalName) && key.Name != "upstream_tls.server_name");

    [Fact]
    public void Every_foreign_name_is_found_as_it_is_written() => Assert.All(
        ForeignKeys.Hints, hint =>
        {
            Assert.Equal(hint.Value, ForeignKeys.Find(hint.Key));
            Assert.Equal(hint.Value, ForeignKeys.Find(hint.Key.Replace('_', '-').ToUpperInvariant()));
        });

    [Fact]
    public void Name_that_nobody_uses_is_not_found() => Assert.Null(ForeignKeys.Find("colour"));
}
