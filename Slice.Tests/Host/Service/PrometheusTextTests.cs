using Slice.Core.Observability;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>The whole exposition, byte for byte: dashboards and alerts stand on it.</summary>
public sealed class PrometheusTextTests
{
    [Fact]
    public void Exposition_is_that_of_the_contract()
    {
        using var meter = new SliceMeter();
        StripedCounter[] counters =
        [
            meter.SlicedRequests, meter.PassthroughRequests, meter.CacheHits, meter.CacheMisses, meter.CacheErrors,
            meter.CacheDiskWaits, meter.CacheDiskReadsAhead, meter.Subrequests, meter.FailedSubrequests, meter.RetriedSubrequests,
            meter.BytesFromOrigin, meter.BytesFromCache, meter.BytesToClient, meter.ActiveRequests, meter.PurgeRequests,
            meter.PurgedItems, meter.PurgeAuthFailures,
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

        Assert.Equal(Repository.Read("Slice.Tests/Host/Service/exposition.txt"), PrometheusText.Format(meter.Read()));
    }
}
