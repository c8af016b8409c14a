using System.Diagnostics.Metrics;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Observability;

/// <summary>docs/configuration.md has one line per metric: name, label, kind and meaning, as the exposition has them.</summary>
public sealed class MetricsDocumentTests
{
    private static readonly string s_section =
        Repository.Read("docs/configuration.md").Split("\n## Metrics endpoint\n")[1].Split("\n## ")[0];

    [Fact]
    public void Lines_of_the_document_are_those_of_the_meter()
    {
        using var meter = new SliceMeter();
        meter.Errors.Add("bad_request");
        meter.ClientLimits.Add("requests");
        meter.PurgeResults.Add("purged");
        meter.SlicingSuspended.Add("directory");
        meter.OriginErrors.Add("500");
        meter.Attach(new StoreSource
        {
            Slices = () => 0,
            Objects = () => 0,
            UsedBytes = () => 0,
            CapacityBytes = () => 0,
            AllocatedBytes = () => 0,
            OverflowBytes = () => 0,
            IndexBytes = () => 0,
            IsWritable = () => true,
            IsPersistent = () => true,
        });
        meter.AttachOriginHealth(() => [KeyValuePair.Create("http://a", 1L)]);

        string[] expected = [.. meter.Read().Select(reading =>
            $"- `{reading.Instrument.Name}{Label(reading)}` ({Kind(reading)}): {reading.Instrument.Description}")];
        string[] lines = [.. s_section.Split('\n').Where(line => line.StartsWith("- `pingora_slice_", StringComparison.Ordinal))];
        Assert.Equal(expected, lines);
    }

    [Fact]
    public void Every_value_of_a_closed_label_is_named()
    {
        using var meter = new SliceMeter();
        var closed = meter.Read().SelectMany(reading => reading.Samples).Select(sample => sample.LabelValue).OfType<string>();
        var errors = Enum.GetValues<FetchError>().Where(error => error != FetchError.None).Select(error => error.Token());
        Assert.All(closed.Concat(errors), value => Assert.Contains($"`{value}`", s_section, StringComparison.Ordinal));
    }

    private static string Label(MetricReading reading) =>
        reading.Samples is [{ LabelName: { } label }, ..] ? $"{{{label}}}" : "";

    private static string Kind(MetricReading reading) =>
        reading.Histogram is not null ? "histogram" : reading.Instrument is ObservableCounter<long> ? "counter" : "gauge";
}
