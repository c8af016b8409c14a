using System.Text;
using Microsoft.Extensions.Logging;
using Slice.Core.Observability;

namespace Slice.Net.Exchange;

/// <summary>
/// Stands before another observer and, from <see cref="Begin"/> on, counts the exchanges that did not come to their end: those are cut off
/// because the instance stops. The first have a line of the log each, the rest one together. Thread-safe.
/// </summary>
/// <param name="next">Is told of every exchange, as if nobody stood before it.</param>
/// <param name="meter">Counts them.</param>
/// <param name="logger">Tells of them.</param>
internal sealed partial class ShutdownCuts(IExchangeObserver next, SliceMeter meter, ILogger<ShutdownCuts> logger) : IExchangeObserver
{
    /// <summary>How many exchanges have a line of their own. Arbitrary: what fits a screen.</summary>
    public const int MaxLines = 20;

    private volatile bool _hasBegun;
    private long _count;

    /// <summary>Exchanges cut off so far.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>The time of running responses is over: connections are about to be aborted.</summary>
    public void Begin() => _hasBegun = true;

    /// <summary>The connections are gone: tells how many had no line.</summary>
    public void End()
    {
        if (Count > MaxLines)
        {
            LogMoreCutOff(Count - MaxLines);
        }
    }

    /// <inheritdoc/>
    public void Began() => next.Began();

    /// <inheritdoc/>
    public void Finished(in ExchangeRecord record)
    {
        if (_hasBegun && record.Ending is not (ExchangeEnding.Complete or ExchangeEnding.Refused))
        {
            meter.CutRequests.Add(1);
            if (Interlocked.Increment(ref _count) <= MaxLines)
            {
                string method = Encoding.Latin1.GetString(record.Method);
                string client = record.Client.Address.ToString();
                LogCutOff(
                    method, Encoding.Latin1.GetString(record.Target), client, record.BodyBytes, record.Client.RequestIdText);
            }
        }

        next.Finished(record);
    }

    /// <inheritdoc/>
    public void Limited(string limit) => next.Limited(limit);

    [LoggerMessage(EventId = 130, EventName = "cut_off", Level = LogLevel.Warning,
        Message = "timeouts.shutdown is over, a response was cut off: {method} {target} {client} {bytes} {request_id}")]
    private partial void LogCutOff(string method, string target, string client, long bytes, string request_id);

    [LoggerMessage(EventId = 131, EventName = "cut_off_more", Level = LogLevel.Warning,
        Message = "timeouts.shutdown is over, more responses were cut off: {count}")]
    private partial void LogMoreCutOff(long count);
}
