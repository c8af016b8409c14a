using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A real Prometheus with the configuration that we ship scrapes an instance under traffic: every panel of the dashboard and every
/// recording rule has a value, and no alert asks for a metric that is not there.
/// </summary>
public sealed partial class PrometheusTests : IAsyncLifetime
{
    // Rules are evaluated every 150 ms in place of 15 s. Their ranges of five minutes stay, and hold what there is.
    private const double Factor = 100;

    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };
    private readonly MemoryKeyValueServer _shared = new();
    private readonly TestAuthority _authority = new();
    private readonly TestDirectory _directory = new("metrics");
    private ScriptedOrigin? _origin;
    private ProxyUnderTest? _proxy;
    private ProxyUnderTest? _other;
    private string _ofOther = "/first";
    private PrometheusServer? _prometheus;

    public async ValueTask InitializeAsync()
    {
        string certificate = _directory.Combine("proxy.pem");
        await File.WriteAllTextAsync(certificate, _authority.IssuePem("proxy.example"));
        _origin = ScriptedOrigin.Start(exchange => exchange.Request.Target switch
        {
            "/broken" => exchange.RespondAsync("503 Service Unavailable"),
            _ => _file.AnswerAsync(exchange),
        });
        var options = new SliceOptions
        {
            UpstreamAddresses = [_origin.Uri],
            SliceSizeBytes = 4,
            ListenAddress = "127.0.0.1:0",
            MetricsEndpoint = new MetricsEndpointOptions { Address = "127.0.0.1:0" },
            Store = new CacheStoreOptions { MemorySizeBytes = 64 << 20 },
            Tls = new TlsOptions { ListenAddress = "127.0.0.1:0", Certificate = certificate, Key = certificate },
        };
        _proxy = await StartAsync(options);
        _other = await StartAsync(options);
        _prometheus = await PrometheusServer.StartAsync(Factor, _proxy.AdminEndPoint.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await (_prometheus?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_other?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_origin?.DisposeAsync() ?? ValueTask.CompletedTask);
        _authority.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Every_panel_and_every_recording_rule_has_a_value() => await HaveValuesAsync(
    [
        .. MonitoringFiles.Panels().SelectMany(panel => panel.Expressions).Select(MonitoringFiles.Fill),
        .. MonitoringFiles.Rules("recording.yml").SelectMany(rule => (string[])[rule.Name, rule.Expression]),
    ]);

    // An alert that fires has a value too; one that does not has none, and so has one with a name that does not exist.
    [Fact]
    public async Task Every_metric_that_an_alert_asks_for_is_there()
    {
        string[] alerts =
        [
            .. MonitoringFiles.Rules("alerts-guide.yml").Concat(MonitoringFiles.Rules("alerts.yml")).Select(rule => rule.Expression),
        ];
        foreach (string alert in alerts)
        {
            await _prometheus!.QueryAsync(alert);
        }

        await HaveValuesAsync([.. alerts.SelectMany(alert => MetricName().Matches(alert)).Select(match => match.Value).Distinct()]);
    }

    // Prometheus asks for OpenMetrics first, where a counter that does not end in _total is none: the name of the contract stays.
    [Fact]
    public async Task Prometheus_takes_openmetrics_and_keeps_the_names_of_the_contract()
    {
        await HaveValuesAsync(["pingora_slice_purge_requests_by_result", "pingora_slice_purge_requests_total"]);
        Assert.Equal(["unknown"], await _prometheus!.TypesOfAsync("pingora_slice_purge_requests_by_result"));
        Assert.Equal(["counter"], await _prometheus.TypesOfAsync("pingora_slice_purge_requests"));
        Assert.Equal(["histogram"], await _prometheus.TypesOfAsync("pingora_slice_request_duration_seconds"));
    }

    private async Task<ProxyUnderTest> StartAsync(SliceOptions options)
    {
        var proxy = await ProxyUnderTest.StartAsync(
            options, TimeProvider.System, static (_, level) => level >= LogLevel.Information, sharedStore: _shared.Open());
        await Fleet.IsUpAsync(proxy);
        return proxy;
    }

    // Goes on asking while Prometheus looks: rates want growth between two scrapes.
    private async Task HaveValuesAsync(IReadOnlyList<string> expressions)
    {
        Assert.NotEmpty(expressions);
        foreach (string expression in expressions)
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    await AskAsync();
                    return (await _prometheus!.QueryAsync(expression)).Any(value => !double.IsNaN(value));
                },
                () => $"a value of {expression}",
                TimeSpan.FromSeconds(60));
        }
    }

    private async Task AskAsync()
    {
        string cold = $"/{Guid.NewGuid():N}";
        foreach (string target in (string[])[cold, cold, _ofOther, "/broken"])
        {
            await _proxy!.GetAsync(target);
        }

        // The shared cache has it by the next time.
        _ofOther = $"{cold}-of-the-other";
        await _other!.GetAsync(_ofOther);

        using var bad = await RawClient.ConnectAsync(_proxy!.EndPoint);
        await bad.SendAsync("GET / HTTP/1.1\r\n\r\n");
        await bad.ReadResponseAsync();
        await _proxy!.PurgeAsync(cold);
    }

    [GeneratedRegex(@"\b(?:pingora_slice_|process_|job:|instance:)[a-z0-9_:]+|\bup\b")]
    private static partial Regex MetricName();
}
