using Slice.Core.Observability;

namespace Slice.Net.Exchange;

/// <summary>Counts exchanges: those under way, and what finished ones were.</summary>
internal sealed class ExchangeMetrics(SliceMeter meter) : IExchangeObserver
{
    /// <inheritdoc/>
    public void Began() => meter.ActiveRequests.Add(1);

    /// <inheritdoc/>
    public void Finished(in ExchangeRecord record)
    {
        Count(record);
        if (record.Duration is { } duration)
        {
            meter.RequestDuration.Tell(duration);
        }

        if (record.TimeToFirstByte is { } firstByte)
        {
            meter.TimeToFirstByte.Tell(firstByte);
        }
    }

    /// <inheritdoc/>
    public void Limited(string limit) => meter.ClientLimits.Add(limit);

    private void Count(in ExchangeRecord record)
    {
        using var entry = meter.Open();
        entry.Add(meter.ActiveRequests, -1);
        entry.Add(meter.Responses, record.Status is >= 100 and <= 599 ? record.Status / 100 : 0);
        entry.Add(meter.CacheResults, (int)record.CacheResult);
        entry.Add(meter.BytesToClient, record.BodyBytes);
        entry.Add(meter.BytesFromCache, record.BytesFromStore);
        entry.Add(meter.CacheHits, record.SlicesHit);
        entry.Add(meter.CacheMisses, record.SlicesFetched + record.SlicesFailed);
        if (record.Duration is { } duration)
        {
            entry.Record(meter.RequestDuration.Recorded, duration);
        }

        if (record.TimeToFirstByte is { } firstByte)
        {
            entry.Record(meter.TimeToFirstByte.Recorded, firstByte);
        }

        if (record.AssemblyDuration is { } assembly)
        {
            entry.Record(meter.AssemblyDuration, assembly);
        }
    }
}
