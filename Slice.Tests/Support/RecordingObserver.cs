using System.Collections.Concurrent;
using System.Text;
using Slice.Core.Caching;
using Slice.Net.Exchange;

namespace Slice.Tests.Support;

/// <summary>Keeps a copy of every record, before it passes the record on. Thread-safe.</summary>
internal sealed class RecordingObserver(IExchangeObserver next) : IExchangeObserver
{
    private readonly ConcurrentQueue<RecordedExchange> _records = new();

    /// <summary>What has finished so far.</summary>
    public IReadOnlyList<RecordedExchange> Records => [.. _records];

    /// <summary>Whether no copy is kept: for tests that count what the product allocates.</summary>
    public bool IsIdle { get; set; }

    /// <inheritdoc/>
    public void Began() => next.Began();

    /// <inheritdoc/>
    public void Finished(in ExchangeRecord record)
    {
        if (!IsIdle)
        {
            Keep(record);
        }

        next.Finished(record);
    }

    /// <inheritdoc/>
    public void Limited(string limit) => next.Limited(limit);

    private void Keep(in ExchangeRecord record) =>
        _records.Enqueue(new RecordedExchange(
            Encoding.Latin1.GetString(record.Method),
            Encoding.Latin1.GetString(record.Target),
            record.Status,
            record.BodyBytes,
            record.CacheResult,
            record.CacheDetail,
            record.SlicesHit,
            record.SlicesFetched,
            record.Origin,
            record.Ending)
        {
            HasClient = record.Client.Address.IsKnown,
            HasFirstByte = record.TimeToFirstByte is not null,
            TimeToFirstByte = record.TimeToFirstByte,
            Duration = record.Duration,
        });
}

/// <summary>A record as it was when the exchange had finished.</summary>
internal sealed record RecordedExchange(
    string Method,
    string Target,
    int Status,
    long BodyBytes,
    CacheResult CacheResult,
    CacheDetail CacheDetail,
    int SlicesHit,
    int SlicesFetched,
    string? Origin,
    ExchangeEnding Ending)
{
    public bool HasClient { get; init; }

    public bool HasFirstByte { get; init; }

    public TimeSpan? TimeToFirstByte { get; init; }

    public TimeSpan? Duration { get; init; }
}
