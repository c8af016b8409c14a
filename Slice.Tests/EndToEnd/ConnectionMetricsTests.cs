using Slice.Core.Options;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What the metrics port tells of connections, certificates and the build, and in which format.</summary>
public sealed class ConnectionMetricsTests
{
    private readonly RangeFile _file = new(16);

    [Fact]
    public async Task Connections_of_clients_are_counted_while_open_and_when_refused()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, 4, options => options with { Limits = options.Limits with { MaxConnections = 1 } });
        using (var first = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await first.SendAsync(RawClient.Request("GET", "/file"));
            await first.ReadResponseAsync();
            using var second = await RawClient.ConnectAsync(proxy.EndPoint);
            await second.ExpectClosedAsync();

            // Also that the metrics port has places of its own.
            Assert.Equal(1, await proxy.MetricAsync("connections_open"));
            Assert.Equal(1, await proxy.MetricAsync("connections_refused_total{setting=\"max_connections\"}"));
        }

        await Eventually.TrueAsync(async () => await proxy.MetricAsync("connections_open") == 0, () => "the connection to be closed");
        await proxy.GetAsync("/file");
        Assert.Equal(2, await proxy.MetricAsync("connections_total"));
    }

    [Fact]
    public async Task Connections_to_the_origin_are_counted_by_pool_until_they_close()
    {
        var origin = ScriptedOrigin.Start(exchange => exchange.Request.Method == "POST"
            ? exchange.RespondAsync("200 OK", "done")
            : _file.AnswerAsync(exchange));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 16);
        Assert.Equal((0, 0), await OriginConnectionsAsync(proxy));

        await proxy.GetAsync("/file");
        Assert.Equal((1, 0), await OriginConnectionsAsync(proxy));
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync("POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
            await client.ReadResponseAsync();
        }

        Assert.Equal((1, 1), await OriginConnectionsAsync(proxy));

        // Idle ones that the origin closes are noticed by their pools.
        await origin.DisposeAsync();
        await Eventually.TrueAsync(
            async () => (await OriginConnectionsAsync(proxy)).PassThrough == 0, () => "the connection to be noticed as closed");
    }

    [Fact]
    public async Task Origin_that_answers_errors_is_a_failure_rate_and_a_miss()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("503 Service Unavailable"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 4);
        Assert.Equal(double.NaN, await proxy.MetricAsync("cache_hit_rate"));
        Assert.Equal(double.NaN, await proxy.MetricAsync("subrequest_failure_rate"));

        Assert.Equal(503, (await proxy.GetAsync("/file")).StatusCode);

        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_misses_total") == 1, () => "one miss");
        Assert.Equal((0, 100), (await proxy.MetricAsync("cache_hit_rate"), await proxy.MetricAsync("subrequest_failure_rate")));
    }

    [Fact]
    public async Task Origin_that_is_gone_is_a_failure_rate_and_a_miss()
    {
        using var nobody = new RefusingPort();
        await using var proxy = await ProxyUnderTest.StartAsync(nobody.Uri, 4, options => options with { MaxRetries = 0 });

        Assert.Equal(502, (await proxy.GetAsync("/file")).StatusCode);

        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_misses_total") == 1, () => "one miss");
        Assert.Equal((0, 100), (await proxy.MetricAsync("cache_hit_rate"), await proxy.MetricAsync("subrequest_failure_rate")));
    }

    [Fact]
    public async Task Certificates_that_clients_are_shown_tell_their_end()
    {
        using var authority = new TestAuthority();
        using var directory = new TestDirectory("tls");
        string path = directory.Combine("proxy.pem");
        await File.WriteAllTextAsync(path, authority.IssuePem("proxy.example"), TestContext.Current.CancellationToken);
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 4, options => options with
        {
            Tls = new TlsOptions { ListenAddress = "127.0.0.1:0", Certificate = path, Key = path },
        });

        // Issued from yesterday for two days.
        double end = await proxy.MetricAsync("certificate_expiry_timestamp_seconds{subject=\"CN=proxy.example\"}");
        Assert.InRange(end - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 86_400 - 600, 86_400);
    }

    [Fact]
    public async Task Build_tells_version_and_commit()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 4);

        Assert.Matches("^(unknown|[0-9a-f]{7,64})$", ProductVersion.Commit);
        string labels = $"version=\"{ProductVersion.Text}\",commit=\"{ProductVersion.Commit}\"";
        Assert.Equal(1, await proxy.MetricAsync($"build_info{{{labels}}}"));
    }

    [Fact]
    public async Task Figures_of_process_and_runtime_are_those_of_this_process()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 4);
        var metrics = (await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics")).BodyText.Split('\n')
            .Where(line => line.StartsWith("process_", StringComparison.Ordinal) || line.StartsWith("dotnet_", StringComparison.Ordinal))
            .Select(line => line.Split(' '))
            .ToDictionary(line => line[0], line => double.Parse(line[1], System.Globalization.CultureInfo.InvariantCulture));

        Assert.InRange(metrics["process_cpu_seconds_total"], 0.01, Environment.CpuUsage.TotalTime.TotalSeconds);
        Assert.InRange(metrics["process_resident_memory_bytes"], 1 << 20, metrics["process_virtual_memory_bytes"]);
        Assert.InRange(metrics["process_open_fds"], 5, metrics["process_max_fds"]);
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.InRange(metrics["process_start_time_seconds"], now - 60, now + 1);
        Assert.InRange(metrics["dotnet_gc_heap_bytes"], 1, metrics["process_virtual_memory_bytes"]);
        Assert.True(metrics["dotnet_thread_pool_threads"] > 0);
        Assert.Equal(
            ["0", "1", "2"],
            metrics.Keys.Where(name => name.StartsWith("dotnet_gc_collections_total", StringComparison.Ordinal))
                .Select(name => name.Split('"')[1]).Order());
    }

    [Fact]
    public async Task Openmetrics_is_answered_to_who_asks_for_it()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 4);

        var open = await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics", "Accept: application/openmetrics-text; version=1.0.0");
        var classic = await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics");

        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", open.Field("Content-Type"));
        Assert.EndsWith("\n# EOF\n", open.BodyText, StringComparison.Ordinal);
        Assert.Contains("# UNIT process_resident_memory_bytes bytes\n", open.BodyText, StringComparison.Ordinal);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", classic.Field("Content-Type"));
    }

    private static async Task<(double Subrequests, double PassThrough)> OriginConnectionsAsync(ProxyUnderTest proxy) => (
        await proxy.MetricAsync("origin_connections{pool=\"subrequests\"}"),
        await proxy.MetricAsync("origin_connections{pool=\"passthrough\"}"));
}
