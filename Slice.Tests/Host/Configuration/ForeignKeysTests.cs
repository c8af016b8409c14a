using System.Text.RegularExpressions;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Configuration;

/// <summary>Names of other programs lead to ours.</summary>
public sealed partial class ForeignKeysTests : IDisposable
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
    [InlineData("redis_url: redis://a", "1.yaml:2:1: redis_url: unknown key, that is address in the section shared_cache here")]
    [InlineData("memcached_servers: a:1", "1.yaml:2:1: memcached_servers: unknown key, that is address in the section shared_cache here")]
    [InlineData("redis: a:1", "1.yaml:2:1: redis: unknown key, that is the section shared_cache here")]
    [InlineData("l3_cache: true", "1.yaml:2:1: l3_cache: unknown key, that is the section shared_cache here")]
    [InlineData("cache_backend: redis", "1.yaml:2:1: cache_backend: unknown key, that is type in the section shared_cache here")]
    [InlineData("shared_cache_dir: /mnt", "1.yaml:2:1: shared_cache_dir: unknown key, that is directory in the section shared_cache here")]
    [InlineData("shared_cache:\n  servers: [a:1]",
        "1.yaml:3:3: shared_cache.servers: unknown key, that is address in the section shared_cache here")]
    [InlineData("servers: [a:1]", "1.yaml:2:1: servers: unknown key, that is upstream_address here")]
    [InlineData("metrics: {}", "1.yaml:2:1: metrics: unknown key, that is the section metrics_endpoint here")]
    [Trait("Behaviour", "B48")]
    public void Name_of_another_program_points_to_ours(string yaml, string error) =>
        Assert.Equal([error], _files.Errors("upstream_address: a:1\n" + yaml));

    // What docs/migrating-from-nginx-slice.md says of a directive, and not the key whose name is nearest.
    [Theory]
    [InlineData("keepalive", "no key is needed: connections to the origin are kept")]
    [InlineData("proxy_cache_lock_timeout", "no key is needed: who waits for a slice gets its bytes as they land")]
    [InlineData("proxy_cache_lock_age", "no key is needed: who waits for a slice gets its bytes as they land")]
    [InlineData("proxy_cache_methods", "no key is needed: GET is kept")]
    [InlineData("proxy_cache_convert_head", "no key is needed: GET is kept")]
    [InlineData("inactive", "no key is needed: what is used least goes")]
    [InlineData("levels", "no key is needed: the cache is a few large files")]
    [InlineData("use_temp_path", "no key is needed: the cache is a few large files")]
    [InlineData("open_file_cache", "no key is needed: the cache is a few large files")]
    [InlineData("resolver", "no key is needed: names are looked up by the system's resolver")]
    [InlineData("proxy_force_ranges", "no key is needed: ranges are always cut")]
    [InlineData("mode", "no key is needed: there is HTTP only")]
    [InlineData("root", "not known: files come from an origin")]
    [InlineData("error_page", "not here: answers of the origin, errors too, go to the client as they are")]
    [InlineData("proxy_ssl_certificate", "not here: the origin is shown no certificate of ours")]
    [InlineData("proxy_bind", "not here: the routing table of the system decides")]
    [InlineData("secure_link", "not known: the balancer in front does that")]
    [InlineData("valid_referers", "not known: the balancer in front does that")]
    [InlineData("map", "not known: the balancer in front does that")]
    [Trait("Behaviour", "B48")]
    public void Name_without_a_key_here_says_what_takes_its_place(string name, string advice) => Assert.StartsWith(
        $"1.yaml:2:1: {name}: unknown key, {advice}", Assert.Single(_files.Errors($"upstream_address: a:1\n{name}: x")),
        StringComparison.Ordinal);

    // The page says that names of nginx are errors that point to a key or to the page: each directive of its tables, by its words.
    [Fact]
    public void Every_directive_on_the_page_about_nginx_is_a_known_name()
    {
        string[] rows =
        [
            .. Repository.Read("docs/migrating-from-nginx-slice.md").Split('\n')
                .Where(line => line.StartsWith("| `", StringComparison.Ordinal) || line.StartsWith("| …", StringComparison.Ordinal)),
        ];
        Assert.InRange(rows.Length, 40, 200);
        string[] directives =
        [
            .. rows.SelectMany(row => Directive().Matches(row.Split('|')[1]).Select(match => match.Groups[1].Value))
                .Where(name => name is not ("kill" or "ngx_cache_purge" or "access_log")).Distinct(),
        ];
        Assert.DoesNotContain(directives, name => ForeignKeys.Find(name) is null);
    }

    [Fact]
    public void Every_hint_names_a_key_or_section_that_there_is() => Assert.All(
        ForeignKeys.NamedKeys, name => Assert.True(OptionTable.Find(name) is not null || OptionTable.Sections.Contains(name), name));

    // In these sections it is a key, and at the top of another meaning.
    [Fact]
    public void No_key_of_ours_has_a_foreign_name_in_its_own_place() => Assert.DoesNotContain(
        OptionTable.Keys,
        key => ForeignKeys.Hints.ContainsKey(key.Name)
            || (ForeignKeys.Hints.ContainsKey(key.LocalName)
                && key.Name is not ("upstream_tls.server_name" or "shared_cache.user" or "shared_cache.timeout")));

    [Fact]
    public void Every_foreign_name_is_found_as_it_is_written() => Assert.All(
        ForeignKeys.Hints, hint =>
        {
            Assert.Equal(hint.Value, ForeignKeys.Find(hint.Key));
            Assert.Equal(hint.Value, ForeignKeys.Find(hint.Key.Replace('_', '-').ToUpperInvariant()));
        });

    [Fact]
    public void Name_that_nobody_uses_is_not_found() => Assert.Null(ForeignKeys.Find("colour"));

    [GeneratedRegex("`([a-z][a-z_0-9]+)(?=[` =])")]
    private static partial Regex Directive();
}
