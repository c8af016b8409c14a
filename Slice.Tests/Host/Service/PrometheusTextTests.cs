using Slice.Core.Observability;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>The whole exposition, byte for byte: dashboards and alerts stand on it.</summary>
public sealed class PrometheusTextTests
{
    // With SLICE_WRITE_DOCS=1 both files are written instead of compared.
    [Fact]
    public void Exposition_is_that_of_the_contract_in_both_formats()
    {
        using var meter = NewMeter();
        Compare("Slice.Tests/Host/Service/exposition.txt", PrometheusText.Format(meter.Read()));
        Compare("Slice.Tests/Host/Service/exposition.openmetrics", PrometheusText.FormatOpen(meter.Read()));
    }

    [Fact]
    public void Label_values_are_escaped()
    {
        using var meter = new SliceMeter(TimeProvider.System);
        meter.Sources.Certificates = () => [KeyValuePair.Create("CN=\"a\\b\nc\"", 1L)];
        string expected = """pingora_slice_certificate_expiry_timestamp_seconds{subject="CN=\"a\\b\nc\""} 1""" + "\n";
        Assert.Contains(expected, PrometheusText.Format(meter.Read()), StringComparison.Ordinal);
        Assert.Contains(expected, PrometheusText.FormatOpen(meter.Read()), StringComparison.Ordinal);
    }

    [Fact]
    public void Rate_of_nothing_is_written_as_prometheus_reads_it()
    {
        using var meter = new SliceMeter(TimeProvider.System);
        Assert.Contains("\npingora_slice_cache_hit_rate NaN\n", PrometheusText.Format(meter.Read()), StringComparison.Ordinal);
    }

    private static void Compare(string path, string text)
    {
        if (Environment.GetEnvironmentVariable("SLICE_WRITE_DOCS") == "1")
        {
            File.WriteAllText(Path.Combine(Repository.Root, path), text);
            return;
        }

        Assert.Equal(Repository.Read(path), text);
    }

    private static SliceMeter NewMeter()
    {
        var meter = new SliceMeter(TimeProvider.System);
        StripedCounter[] counters =
        [
            meter.SlicedRequests, meter.PassthroughRequests, meter.CacheHits, meter.CacheMisses, meter.CacheErrors,
            meter.CacheDiskWaits, meter.CacheDiskReadsAhead, meter.Subrequests, meter.FailedSubrequests, meter.RetriedSubrequests,
            meter.BytesFromOrigin, meter.BytesFromCache, meter.BytesToClient, meter.ActiveRequests, meter.PurgeRequests,
            meter.PurgedItems, meter.PurgeAuthFailures, meter.Connections, meter.OpenConnections, meter.CompletedSubrequests,
        ];
        for (int index = 0; index < counters.Length; index++)
        {
            counters[index].Add(1_001 + index);
        }

        meter.Responses.Add(2);
        meter.Responses.Add(4);
        meter.CacheResults.Add(1);
        meter.Errors.Add("dns_error");
        meter.Errors.Add("bad_request");
        meter.PurgeResults.Add("success");
        meter.RequestDuration.Record(TimeSpan.FromMilliseconds(3));
        meter.RequestDuration.Record(TimeSpan.FromMinutes(10));
        meter.TimeToFirstByte.Record(TimeSpan.FromMilliseconds(1));
        meter.SubrequestDuration.Record(TimeSpan.FromTicks(12_345_678));
        meter.AssemblyDuration.Record(TimeSpan.FromMilliseconds(7));
        meter.PurgeDuration.Record(TimeSpan.FromTicks(1));
        meter.Attach(new StoreSource
        {
            Slices = () => 1,
            Objects = () => 2,
            UsedBytes = () => 3,
            CapacityBytes = () => 4L << 40,
            AllocatedBytes = () => 5,
            OverflowBytes = () => 6,
            IndexBytes = () => 7,
            IsWritable = () => true,
            IsPersistent = () => false,
        });
        meter.AttachOriginHealth(() => [KeyValuePair.Create("http://a", 1L), KeyValuePair.Create("http://b", 0L)]);
        meter.RefusedConnections.Add((int)ConnectionRefusal.MaxConnections);
        meter.Sources.OriginConnections = () => [KeyValuePair.Create("subrequests", 3L), KeyValuePair.Create("passthrough", 4L)];
        meter.Sources.Certificates = () => [KeyValuePair.Create("CN=a", 1_800_000_000L)];
        meter.Sources.SetBuild("1.2.3", "0123abc");
        return meter;
    }
}
