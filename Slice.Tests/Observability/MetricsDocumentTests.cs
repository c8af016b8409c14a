using System.Text.RegularExpressions;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Host.Machine;
using Slice.Tests.Support;

namespace Slice.Tests.Observability;

/// <summary>docs/monitoring.md has one line per metric: name, labels, kind and meaning, as the exposition has them.</summary>
public sealed partial class MetricsDocumentTests
{
    private const string Document = "docs/monitoring.md";
    private const string Begin = "<!-- metrics: begin -->\n";
    private const string End = "<!-- metrics: end -->";

    private static readonly string s_section =
        Repository.Read(Document).Split("\n## Every metric\n")[1].Split("\n## ")[0];

    // With SLICE_WRITE_DOCS=1 the list is written instead of compared.
    [Fact]
    public void Lines_of_the_document_are_those_of_the_meter()
    {
        using var meter = new SliceMeter(TimeProvider.System);
        using var process = new ProcessMeter(TimeProvider.System);
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

        meter.Sources.OriginConnections = () => [KeyValuePair.Create("subrequests", 1L)];
        meter.Sources.Certificates = () => [KeyValuePair.Create("CN=a", 1L)];
        meter.Sources.SetBuild("1", "a");

        string[] expected = [.. meter.Read().Concat(process.Read()).Select(reading =>
            $"- `{reading.Instrument.Name}{Labels(reading)}` ({reading.Kind}): {reading.Instrument.Description}")];
        string[] lines = [.. s_section.Split('\n').Where(line => MetricLine().IsMatch(line))];
        if (Environment.GetEnvironmentVariable("SLICE_WRITE_DOCS") == "1")
        {
            string document = Repository.Read(Document);
            int begin = document.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
            int end = document.IndexOf(End, StringComparison.Ordinal);
            string list = string.Concat(expected.Select(line => line + '\n'));
            File.WriteAllText(Path.Combine(Repository.Root, Document), document[..begin] + list + document[end..]);
            return;
        }

        Assert.Equal(expected, lines);
    }

    [Fact]
    public void Every_alert_is_explained() => Assert.All(
        MonitoringFiles.Rules("alerts-guide.yml").Concat(MonitoringFiles.Rules("alerts.yml")).Select(rule => rule.Name),
        name => Assert.Contains(
            $"`{name.Replace("PingoraSliceCertificateEndsNow", "…EndsNow", StringComparison.Ordinal)}`",
            Repository.Read(Document),
            StringComparison.Ordinal));

    [Fact]
    public void Every_value_of_a_closed_label_is_named()
    {
        using var meter = new SliceMeter(TimeProvider.System);
        var closed = meter.Read().SelectMany(reading => reading.Samples).SelectMany(sample => sample.Labels)
            .Select(label => label.Value);
        var errors = Enum.GetValues<FetchError>().Where(error => error != FetchError.None).Select(error => error.Token());
        Assert.All(closed.Concat(errors), value => Assert.Contains($"`{value}`", s_section, StringComparison.Ordinal));
    }

    private static string Labels(MetricReading reading) =>
        reading.Samples is [{ Labels: { Count: > 0 } labels }, ..] ? $"{{{string.Join(',', labels.Select(label => label.Key))}}}" : "";

    [GeneratedRegex("^- `(?:pingora_slice|process|dotnet)_")]
    private static partial Regex MetricLine();
}
