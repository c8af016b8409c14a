using System.Globalization;
using System.Text.Json;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What balancers, Prometheus and people see of an instance.</summary>
public sealed class HealthAndMetricsTests
{
    private readonly RangeFile _file = new(16);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Health_is_200_in_json_on_both_ports(bool isAdminPort)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

        var response = await RawClient.GetAsync(isAdminPort ? proxy.AdminEndPoint : proxy.EndPoint, "/health");

        Assert.Equal((200, "application/json"), (response.StatusCode, response.Field("Content-Type")));
        Assert.Equal("healthy", JsonDocument.Parse(response.BodyText).RootElement.GetProperty("status").GetString());
        Assert.Equal(0, origin.RequestCount);
    }

    [Fact]
    public async Task Health_path_is_configurable_and_frees_the_default_one()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 4, options => options with { HealthPath = "/alive" });

        Assert.Contains("healthy", (await proxy.GetAsync("/alive")).BodyText, StringComparison.Ordinal);
        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), (await proxy.GetAsync("/health")).Body);
    }

    [Fact]
    public async Task Health_of_a_draining_instance_is_503()
    {
        var gate = new TaskCompletionSource();
        _file.Fault = _ => new RangeFault { HeadGate = gate.Task };
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 16);
        using var running = await RawClient.ConnectAsync(proxy.EndPoint);
        using var probe = await RawClient.ConnectAsync(proxy.EndPoint);

        // Both requests are begun before the drain, so that the connections are not closed as idle ones.
        await running.SendAsync(RawClient.Request("GET", "/file"));
        await probe.SendAsync("GET /health HTTP/1.1\r\nHost: x\r\n");
        await origin.RequestsArrivedAsync(1);
        proxy.Instance.Parts.State.SetDraining();
        await probe.SendAsync("\r\n");
        var health = await probe.ReadResponseAsync();
        gate.SetResult();

        Assert.Equal("HTTP/1.1 503 Service Unavailable", health.StatusLine);
        Assert.Equal("draining", JsonDocument.Parse(health.BodyText).RootElement.GetProperty("status").GetString());
        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), (await running.ReadResponseAsync()).Body);
    }

    [Fact]
    public async Task Running_download_is_finished_when_the_proxy_stops_and_its_connection_closes()
    {
        var gate = new TaskCompletionSource();
        _file.Fault = _ => new RangeFault { PauseAfterBytes = 8, BodyGate = gate.Task };
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 16);
        using var idle = await RawClient.ConnectAsync(proxy.EndPoint);
        await idle.SendAsync(RawClient.Request("GET", "/health"));
        await idle.ReadResponseAsync();
        using var running = await RawClient.ConnectAsync(proxy.EndPoint);
        await running.SendAsync(RawClient.Request("GET", "/file"));
        await running.ReadHeadAsync();

        var stopping = proxy.Instance.StopAsync();
        await idle.ExpectClosedAsync();
        gate.SetResult();

        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), await running.ReadBytesAsync(16));
        await running.ExpectClosedAsync();
        await Deadline.WithinAsync(stopping, "the proxy stops");
    }

    [Fact]
    public async Task Metrics_have_the_names_of_the_contract_and_the_values_of_the_traffic()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Target == "/fail"
            ? exchange.RespondAsync("404 Not Found", "gone")
            : _file.AnswerAsync(exchange));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 4, options => options with { MaxRetries = 1 });
        await proxy.GetAsync("/file", "Range: bytes=0-7");
        await proxy.GetAsync("/file");
        await proxy.GetAsync("/file", "Range: bytes=1-2");
        await proxy.GetAsync("/fail");
        _file.Fault = exchange => exchange.Request.Target == "/cut" ? new RangeFault { CutAfterBytes = 1 } : null;
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(RawClient.Request("GET", "/cut"));
            await client.ReadEndingAsync();
        }

        // Counted after the last byte of a response, which is all a client sees.
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("requests_total") == 5, () => "five requests counted");
        var metrics = Parse((await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics")).BodyText);

        Assert.Equal(4, metrics["sliced_requests_total"]);
        Assert.Equal(1, metrics["passthrough_requests_total"]);
        Assert.Equal(3, metrics["cache_hits_total"]);
        Assert.Equal(0, metrics["cache_errors_total"]);
        Assert.Equal(0, metrics["active_requests"]);
        Assert.Equal(8 + 2, metrics["bytes_from_cache_total"]);
        Assert.True(metrics["bytes_to_client_total"] >= 8 + 16 + 2 + 4, $"{metrics["bytes_to_client_total"]} bytes to clients");
        Assert.True(metrics["subrequests_total"] >= 4, $"{metrics["subrequests_total"]} subrequests");
        Assert.True(metrics["failed_subrequests_total"] >= 1);
        Assert.True(metrics["retried_subrequests_total"] >= 1);
        Assert.InRange(metrics["cache_hit_rate"], 1, 99);
        Assert.InRange(metrics["subrequest_failure_rate"], 1, 99);
        Assert.True(metrics["errors_total{reason=\"http_response_incomplete\"}"] >= 1);
        Assert.Equal(5, metrics["request_duration_seconds_count"]);
        Assert.Equal(5, metrics["time_to_first_byte_seconds_count"]);
        Assert.All(
            [
                "request_duration_ms_avg", "subrequest_duration_ms_avg", "assembly_duration_ms_avg",
                "cache_entries", "cache_objects", "cache_bytes",
            ],
            name => Assert.True(metrics[name] > 0, name));
        Assert.Equal(64 << 20, metrics["cache_capacity_bytes"]);
        Assert.Contains("subrequest_duration_seconds_bucket{le=\"+Inf\"}", metrics.Keys);
    }

    [Fact]
    public async Task Index_page_names_the_other_pages()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

        using var client = await RawClient.ConnectAsync(proxy.AdminEndPoint);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        var index = await client.ReadResponseAsync();
        var unknown = await RawClient.GetAsync(proxy.AdminEndPoint, "/unknown");

        Assert.Equal((200, "text/html; charset=utf-8"), (index.StatusCode, index.Field("Content-Type")));
        Assert.Contains("href=\"/metrics\"", index.BodyText, StringComparison.Ordinal);
        Assert.Contains("href=\"/health\"", index.BodyText, StringComparison.Ordinal);
        Assert.Equal(404, unknown.StatusCode);
        Assert.Equal(0, origin.RequestCount);
    }

    [Fact]
    public async Task Metrics_port_takes_nothing_but_get_and_head()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.AdminEndPoint);

        await client.SendAsync(RawClient.Request("HEAD", "/metrics"));
        var head = await client.ReadResponseAsync("HEAD");
        await client.SendAsync(RawClient.Request("POST", "/metrics"));
        var post = await client.ReadResponseAsync();

        Assert.Equal((200, 405), (head.StatusCode, post.StatusCode));
        Assert.Equal("GET, HEAD", post.Field("Allow"));
    }

    [Fact]
    public async Task Requests_on_the_metrics_port_are_not_counted()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

        await RawClient.GetAsync(proxy.AdminEndPoint, "/health");

        Assert.Equal(0, await proxy.MetricAsync("requests_total"));
        Assert.Equal(0, await proxy.MetricAsync("active_requests"));
    }

    // name or name{labels} → value, without the common prefix.
    private static Dictionary<string, double> Parse(string text)
    {
        const string Prefix = "pingora_slice_";
        var metrics = new Dictionary<string, double>();
        foreach (string line in text.Split('\n').Where(line => line.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            int space = line.LastIndexOf(' ');
            metrics.Add(line[Prefix.Length..space], double.Parse(line[(space + 1)..], CultureInfo.InvariantCulture));
        }

        return metrics;
    }
}
