using Slice.Core.Observability;

namespace Slice.Net.Exchange;

/// <summary>Counts finished exchanges.</summary>
internal sealed class ExchangeMetrics(SliceMeter meter) : IExchangeObserver
{
    /// <inheritdoc/>
    public void Finished(in ExchangeRecord record)
    {
        meter.Requests.Add(1);
        meter.Responses.Add(record.Status is >= 100 and <= 599 ? record.Status / 100 : 0);
        meter.CacheResults.Add((int)record.CacheResult);
        meter.BytesToClient.Add(record.BodyBytes);
        if (record.Method.IsEmpty)
        {
            // There was no request whose time could be measured.
            return;
        }

        meter.RequestDuration.Record(record.Duration);
        if (record.TimeToFirstByte is { } firstByte)
        {
            meter.TimeToFirstByte.Record(firstByte);
        }
    }
}
