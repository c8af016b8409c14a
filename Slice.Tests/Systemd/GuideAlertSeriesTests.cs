using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Observability;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Systemd;

/// <summary>
/// The guide's two alerts on rates in an outage of 20 minutes, to the minute: what the product shows every 15 seconds of a day that is
/// over at once, judged by Prometheus' own rule engine with the rules as they are shipped.
/// </summary>
public sealed class GuideAlertSeriesTests
{
    private const int ScrapesPerMinute = 4;
    private const string HitRate = "pingora_slice_cache_hit_rate";
    private const string FailureRate = "pingora_slice_subrequest_failure_rate";

    // Minutes.
    private const int Begin = 10;
    private const int OutageBegin = 30;
    private const int OutageEnd = 50;
    private const int End = 70;
    private const int Last = 90;

    [Fact]
    [Trait("Behaviour", "B69")]
    public async Task Alerts_of_the_guide_fire_in_an_outage_stop_after_it_and_are_silent_on_an_idle_instance()
    {
        var (hitRates, failureRates) = Live();
        string failures = Expect(
            "HighSubrequestFailureRate", firesAt: [OutageBegin + 6, OutageEnd, OutageEnd + 4], silentAt: [OutageBegin + 4, OutageEnd + 6]);
        string misses = Expect("HighCacheMissRate", firesAt: [OutageBegin + 15, OutageEnd], silentAt: [OutageBegin + 9, OutageEnd + 6]);
        using var directory = new TestDirectory("alerts");
        await File.WriteAllTextAsync(
            directory.Combine("test.yml"),
            $$"""
            rule_files: [{{Path.Combine(Repository.Root, MonitoringFiles.Directory, "alerts-guide.yml")}}]
            evaluation_interval: 15s
            tests:
              - interval: 15s
                input_series:
                  - series: {{HitRate}}
                    values: '{{string.Join(' ', hitRates)}}'
                  - series: {{FailureRate}}
                    values: '{{string.Join(' ', failureRates)}}'
                promql_expr_test:
            {{failures}}
            {{misses}}

            """,
            TestContext.Current.CancellationToken);
        await Promtool.PassesAsync(directory.Path, "test", "rules", "test.yml");
    }

    // Silent in any case while the instance is idle, and while all is well.
    private static string Expect(string alert, int[] firesAt, int[] silentAt) => string.Join(
        '\n',
        firesAt.Select(minute => (minute, 1)).Concat([.. silentAt.Select(minute => (minute, 0)), (Begin - 1, 0), (Begin + 1, 0),
            (OutageBegin - 1, 0), (End - 1, 0), (End + 10, 0), (Last - 1, 0)])
        .Select(expected => string.Create(
            CultureInfo.InvariantCulture,
            $$"""
                  - expr: count(ALERTS{alertname="{{alert}}", alertstate="firing"}) or vector(0)
                    eval_time: {{expected.Item1}}m
                    exp_samples: [{labels: '{}', value: {{expected.Item2}}}]
            """)));

    // Nothing; then what an instance does that is well; then an origin that answers nothing, and clients most of whom want what is not
    // stored; then all is well again; then nothing.
    private static (List<string> HitRates, List<string> FailureRates) Live()
    {
        var time = new FakeTimeProvider();
        using var meter = new SliceMeter(time);
        var (hitRates, failureRates) = (new List<string>(), new List<string>());
        for (int scrape = 0; scrape <= Last * ScrapesPerMinute; scrape++)
        {
            int minute = scrape / ScrapesPerMinute;
            bool isOutage = minute is >= OutageBegin and < OutageEnd;
            if (minute is >= Begin and < End)
            {
                meter.CacheHits.Add(isOutage ? 2 : 20);
                meter.CacheMisses.Add(isOutage ? 6 : 2);
                meter.CompletedSubrequests.Add(isOutage ? 0 : 2);
                meter.FailedSubrequests.Add(isOutage ? 6 : 0);
                meter.Subrequests.Add(isOutage ? 24 : 2);
            }

            string text = PrometheusText.Format(meter.Read());
            hitRates.Add(Value(text, HitRate));
            failureRates.Add(Value(text, FailureRate));
            time.Advance(TimeSpan.FromMinutes(1) / ScrapesPerMinute);
        }

        return (hitRates, failureRates);
    }

    private static string Value(string text, string name) =>
        text.Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..];
}
