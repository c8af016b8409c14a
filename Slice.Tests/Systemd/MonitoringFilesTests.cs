using System.Text.Json;
using Slice.Tests.Support;

namespace Slice.Tests.Systemd;

/// <summary>What is shipped for Prometheus and Grafana, as files: <c>PrometheusTests</c> has them at work.</summary>
public sealed class MonitoringFilesTests
{
    private static string Directory => Path.Combine(Repository.Root, MonitoringFiles.Directory);

    [Theory]
    [InlineData("alerts-guide.yml", 3)]
    [InlineData("alerts.yml", 22)]
    [InlineData("recording.yml", 12)]
    public async Task Rules_pass_promtool(string file, int count)
    {
        await Promtool.PassesAsync(Directory, "check", "rules", file);
        Assert.Equal(count, MonitoringFiles.Rules(file).Count);
    }

    [Theory]
    [InlineData("prometheus.yml", "['localhost:9090']")]
    [InlineData("prometheus-three.yml", "['localhost:9090', 'localhost:9091', 'localhost:9092']")]
    public async Task Scrape_jobs_pass_promtool_and_have_the_ports_of_the_units(string file, string targets)
    {
        await Promtool.PassesAsync(Directory, "check", "config", file);
        Assert.Contains($"job_name: 'pingora-slice'\n    static_configs:\n      - targets: {targets}\n", MonitoringFiles.Read(file),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alerts_fire_when_they_should_and_only_then() =>
        await Promtool.PassesAsync(Path.Combine(Repository.Root, "Slice.Tests/Systemd"), "test", "rules", "alerts.test.yml");

    [Fact]
    public void Every_alert_has_a_case_in_which_it_fires()
    {
        string cases = Repository.Read("Slice.Tests/Systemd/alerts.test.yml");
        Assert.All(
            MonitoringFiles.Rules("alerts.yml"),
            rule => Assert.Matches($@"alertname: {rule.Name}\n\s+eval_time: \S+\n\s+exp_alerts:\n", cases));
    }

    [Fact]
    public void Alerts_of_the_guide_are_unchanged() => Assert.EndsWith(
        """
        groups:
          - name: pingora_slice
            rules:
              - alert: HighCacheMissRate
                expr: pingora_slice_cache_hit_rate < 50
                for: 10m
                labels:
                  severity: warning
                annotations:
                  summary: "High cache miss rate"
                  description: "Cache hit rate is {{ $value }}%"

              - alert: HighSubrequestFailureRate
                expr: pingora_slice_subrequest_failure_rate > 5
                for: 5m
                labels:
                  severity: critical
                annotations:
                  summary: "High subrequest failure rate"
                  description: "Failure rate is {{ $value }}%"

              - alert: ServiceDown
                expr: up{job="pingora-slice"} == 0
                for: 1m
                labels:
                  severity: critical
                annotations:
                  summary: "Pingora Slice service is down"

        """,
        MonitoringFiles.Read("alerts-guide.yml"),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("Request Rate", "rate(pingora_slice_requests_total[5m])")]
    [InlineData("Cache Hit Rate", "pingora_slice_cache_hit_rate")]
    [InlineData("Subrequest Failure Rate", "pingora_slice_subrequest_failure_rate")]
    [InlineData("Bandwidth Usage", "rate(pingora_slice_bytes_to_client_total[5m])")]
    [InlineData("Latency", "pingora_slice_request_duration_ms_avg")]
    public void Panels_of_the_guide_are_unchanged(string title, string expression) =>
        Assert.Equal([expression], Assert.Single(MonitoringFiles.Panels(), panel => panel.Title == title).Expressions);

    [Fact]
    public void Panels_have_numbers_and_places_of_their_own_and_a_data_source_to_choose()
    {
        var panels = MonitoringFiles.Dashboard().GetProperty("panels").EnumerateArray().ToArray();
        Assert.Distinct(panels.Select(panel => panel.GetProperty("id").GetInt32()));
        Assert.Distinct(panels.SelectMany(CellsOf));
        var shown = panels.Where(panel => panel.GetProperty("type").GetString() != "row").ToArray();
        Assert.All(shown, panel => Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString()));
        Assert.All(shown, panel => Assert.EndsWith(".", panel.GetProperty("description").GetString(), StringComparison.Ordinal));
    }

    private static IEnumerable<(int X, int Y)> CellsOf(JsonElement panel)
    {
        var place = panel.GetProperty("gridPos");
        int left = place.GetProperty("x").GetInt32();
        int width = place.GetProperty("w").GetInt32();
        Assert.InRange(left + width, 1, 24);
        return from x in Enumerable.Range(left, width)
               from y in Enumerable.Range(place.GetProperty("y").GetInt32(), place.GetProperty("h").GetInt32())
               select (x, y);
    }
}
