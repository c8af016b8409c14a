using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Slice.Tests.Support;

/// <summary>A real Prometheus (Debian's package). Its absence fails the test with the package's name.</summary>
internal sealed partial class PrometheusServer : LocalServer
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    private PrometheusServer(ChildProcess process, TestDirectory directory, int port)
        : base(process, directory, port)
    {
    }

    /// <summary>
    /// Starts it with the configuration that we ship, over these metrics ports, <paramref name="factor"/> times as fast: it evaluates so
    /// many times as often, and the <c>for</c> of each alert is so much shorter. It scrapes every half second, and gives each scrape as
    /// long: on a busy machine a shorter timeout would make an instance look dead.
    /// </summary>
    public static Task<PrometheusServer> StartAsync(double factor, params string[] targets) => FreePort.RetryAsync(async port =>
    {
        var directory = new TestDirectory("prometheus");
        foreach (string rules in (string[])["alerts-guide.yml", "alerts.yml", "recording.yml"])
        {
            await File.WriteAllTextAsync(directory.Combine(rules), MonitoringFiles.Faster(MonitoringFiles.Read(rules), factor));
        }

        string configuration = ScrapeTime().Replace(MonitoringFiles.Faster(MonitoringFiles.Read("prometheus.yml"), factor), "$1: 500ms")
            .Replace("/etc/prometheus/pingora-slice", directory.Path, StringComparison.Ordinal)
            .Replace("'localhost:9090'", string.Join(", ", targets.Select(target => $"'{target}'")), StringComparison.Ordinal);
        string path = directory.Combine("prometheus.yaml");
        await File.WriteAllTextAsync(path, configuration);
        string address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        var process = await StartAsync(
            directory,
            port,
            "/usr/bin/prometheus",
            [
                $"--config.file={path}", $"--storage.tsdb.path={directory.Combine("data")}", $"--web.listen-address={address}",
                "--log.level=warn",
            ],
            "prometheus");
        var server = new PrometheusServer(process, directory, port);
        await process.ReadyAsync(server.IsReadyAsync, "Prometheus is ready");
        return server;
    });

    /// <summary>The values of an expression now; none when it has no result.</summary>
    public async Task<IReadOnlyList<double>> QueryAsync(string expression)
    {
        var data = await GetAsync("/api/v1/query?query=" + Uri.EscapeDataString(expression));
        return
        [
            .. data.GetProperty("result").EnumerateArray().Select(sample =>
                double.Parse(
                    sample.GetProperty("value")[1].GetString()!.Replace("Inf", "Infinity", StringComparison.Ordinal),
                    CultureInfo.InvariantCulture)),
        ];
    }

    /// <summary>Names of the alerts that fire now.</summary>
    public async Task<IReadOnlyList<string>> FiringAsync() => await AlertsAsync("firing");

    /// <summary>Names of the alerts that fire now, or wait for their time.</summary>
    public async Task<IReadOnlyList<string>> ActiveAsync() => await AlertsAsync("firing", "pending");

    /// <summary>The types of a metric, as its targets have told them.</summary>
    public async Task<IReadOnlyList<string>> TypesOfAsync(string metric) =>
        (await GetAsync("/api/v1/metadata?metric=" + metric)).TryGetProperty(metric, out var told)
            ? [.. told.EnumerateArray().Select(entry => entry.GetProperty("type").GetString()!)]
            : [];

    private async Task<IReadOnlyList<string>> AlertsAsync(params string[] states) =>
    [
        .. (await GetAsync("/api/v1/alerts")).GetProperty("alerts").EnumerateArray()
            .Where(alert => states.Contains(alert.GetProperty("state").GetString()))
            .Select(alert => alert.GetProperty("labels").GetProperty("alertname").GetString()!)
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    [GeneratedRegex(@"\b(scrape_(?:interval|timeout)): \S+")]
    private static partial Regex ScrapeTime();

    private async Task<bool> IsReadyAsync()
    {
        using var response = await _http.GetAsync(new Uri($"http://{Authority}/-/ready"), TestContext.Current.CancellationToken);
        return response.IsSuccessStatusCode;
    }

    private async Task<JsonElement> GetAsync(string target)
    {
        var ct = TestContext.Current.CancellationToken;
        using var response = await _http.GetAsync(new Uri($"http://{Authority}{target}"), ct);
        string text = await response.Content.ReadAsStringAsync(ct);
        Assert.True(response.IsSuccessStatusCode, $"{target}: {text}");
        return JsonDocument.Parse(text).RootElement.GetProperty("data");
    }
}
