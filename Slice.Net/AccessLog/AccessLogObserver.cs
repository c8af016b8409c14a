using Slice.Net.Exchange;

namespace Slice.Net.AccessLog;

/// <summary>Writes a line of each exchange, before the next observer is told of it. Thread-safe.</summary>
internal sealed class AccessLogObserver(IExchangeObserver next, AccessLogWriter log) : IExchangeObserver
{
    /// <inheritdoc/>
    public void Began() => next.Began();

    /// <inheritdoc/>
    public void Finished(in ExchangeRecord record)
    {
        log.Write(record);
        next.Finished(record);
    }

    /// <inheritdoc/>
    public void Limited(string limit) => next.Limited(limit);
}
