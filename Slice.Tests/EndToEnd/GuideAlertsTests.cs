using System.Globalization;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// The guide's three alerts in a real Prometheus over a real instance: silent while it is idle, firing in an outage, silent after it.
/// Everything but the scrapes goes 120 times as fast: a window of 2.5 s, an evaluation every 125 ms, <c>for: 10m</c> is 5 s. The scrapes,
/// every half second, are as rare as if they came once a minute. <c>GuideAlertSeriesTests</c> has the true times.
/// </summary>
public sealed class GuideAlertsTests
{
    private const double Factor = 120;
    private const string HitRate = "pingora_slice_cache_hit_rate";

    // Prometheus lists them in this order.
    private static readonly string[] s_ofRates = ["HighCacheMissRate", "HighSubrequestFailureRate"];
    private static readonly string[] s_guide = [.. MonitoringFiles.Rules("alerts-guide.yml").Select(rule => rule.Name)];
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly RangeFile _file = new(64);
    private readonly int _metricsPort = FreePort.ReserveForGood();
    private volatile bool _isDown;
    private int _asked;

    [Fact]
    [Trait("Behaviour", "B69")]
    public async Task Alerts_are_silent_on_an_idle_instance_fire_in_an_outage_and_stop_after_it()
    {
        await using var origin = ScriptedOrigin.Start(exchange =>
            _isDown ? exchange.RespondAsync("503 Service Unavailable") : _file.AnswerAsync(exchange));
        await using var prometheus = await PrometheusServer.StartAsync(
            Factor, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_metricsPort}"));
        await using (var proxy = await StartAsync(origin))
        {
            await IsSilentWhileIdleAsync(prometheus);
            await TellsAnOutageAndItsEndAsync(prometheus, proxy);
        }

        await UntilAsync(prometheus, async () => (await FiringAsync(prometheus)).SequenceEqual(["ServiceDown"]), "the stop to be told");
        await using var restarted = await StartAsync(origin);
        await UntilAsync(prometheus, async () => (await ActiveAsync(prometheus)).Length == 0, "the start to be told");
    }

    // For longer than the longest `for`. On a busy machine a scrape may be late, which is no rate.
    private static async Task IsSilentWhileIdleAsync(PrometheusServer prometheus)
    {
        await UntilAsync(prometheus, async () => await CountAsync(prometheus, "sum_over_time(up[5m])") >= 15, "fifteen scrapes");
        await UntilAsync(prometheus, async () => await prometheus.QueryAsync(HitRate) is [double.NaN], "a rate of nothing");
        Assert.Empty(await prometheus.QueryAsync($"count_over_time(ALERTS{{alertname=~\"{string.Join('|', s_ofRates)}\"}}[5m])"));
        await UntilAsync(prometheus, async () => (await ActiveAsync(prometheus)).Length == 0, "silence");
    }

    private async Task TellsAnOutageAndItsEndAsync(PrometheusServer prometheus, ProxyUnderTest proxy)
    {
        await UntilAsync(
            prometheus,
            async () =>
            {
                await proxy.GetAsync("/warm");
                return (await prometheus.QueryAsync(HitRate)) is [> 90];
            },
            "a warm cache");
        Assert.Empty((await FiringAsync(prometheus)).Intersect(s_ofRates));

        _isDown = true;
        await UntilAsync(
            prometheus,
            async () =>
            {
                await proxy.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/new/{_asked++}"));
                return (await FiringAsync(prometheus)).SequenceEqual(s_ofRates);
            },
            "the outage to be told");

        _isDown = false;
        await UntilAsync(
            prometheus,
            async () =>
            {
                await proxy.GetAsync("/warm");
                return (await ActiveAsync(prometheus)).Length == 0;
            },
            "the end of the outage to be told");
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) => ProxyUnderTest.StartAsync(
        origin.Uri,
        sliceSizeBytes: 4,
        options => options with
        {
            MetricsEndpoint = new MetricsEndpointOptions
            {
                Address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_metricsPort}"),
            },
        },
        lastMinutes: new FastTime(Factor));

    private static async Task<double> CountAsync(PrometheusServer prometheus, string expression) =>
        (await prometheus.QueryAsync(expression + " or vector(0)"))[0];

    private static async Task<string[]> FiringAsync(PrometheusServer prometheus) =>
        [.. (await prometheus.FiringAsync()).Intersect(s_guide)];

    private static async Task<string[]> ActiveAsync(PrometheusServer prometheus) =>
        [.. (await prometheus.ActiveAsync()).Intersect(s_guide)];

    private static Task UntilAsync(PrometheusServer prometheus, Func<Task<bool>> condition, string what) => Eventually.TrueAsync(
        condition, () => $"{what}; Prometheus says:\n{string.Join('\n', prometheus.Lines)}", s_patience);
}
