using Microsoft.Extensions.Logging;
using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>Purges and what they need, as log lines. Thread-safe.</summary>
internal sealed partial class PurgeLog(ILogger<PurgeLog> logger, SliceMeter meter, TimeProvider time) : IDisposable
{
    // An origin that gives too many tags to one answer gives them to many. Arbitrary.
    private static readonly TimeSpan s_repeatedLinePeriod = TimeSpan.FromMinutes(1);

    // Strangers can be refused as often as they like.
    private readonly RepeatedLines _refused = new(
        time, (cause, count) => RequestLog.LogRepeated(logger, cause.Level, cause.Event, cause.Address, cause.Reason, count));

    private readonly Lock _lock = new();
    private long? _cutLoggedAt;
    private int _cutSince;

    /// <summary>
    /// A PURGE was answered: a line for everybody, whatever it found. One without the right is a warning, and so is one that the disk or
    /// another instance has not confirmed. Of those without the right, and of those while PURGE is off, a line at once and then one a
    /// second. No token is told.
    /// </summary>
    public void Answered(HttpExchange exchange, PurgeRequest request, PurgeAnswer answer)
    {
        var level = answer.Status is 401 or 500 ? LogLevel.Warning : LogLevel.Information;
        if (logger.IsEnabled(level)
            && (answer.Status is not (401 or 405) || _refused.MayWrite(new LineCause("purge", "", answer.Result) { Level = level })))
        {
            string scope = ScopeOf(request.Scope);
            string target = request.TargetOf(exchange);
            var told = answer.Reach is { Refusal: null } reach ? reach : null;
            string missing = string.Join(", ", told?.Missing ?? []);
            LogPurge(
                level, answer.Result, scope, target, request.IsSoft, answer.Slices, exchange.RemoteEndPoint, told?.Instances,
                told?.Answered, missing, answer.Reach?.Refusal);
        }
    }

    /// <summary>Sums up what was held back.</summary>
    public void Dispose() => _refused.Dispose();

    /// <summary>An object has more tags than are kept. A line a minute at most, with how many there were since the last.</summary>
    public void TagsCut(CacheKey key)
    {
        meter.CacheTagsCut.Add(1);
        int count;
        lock (_lock)
        {
            _cutSince++;
            if (_cutLoggedAt is { } loggedAt && time.GetElapsedTime(loggedAt) < s_repeatedLinePeriod)
            {
                return;
            }

            _cutLoggedAt = time.GetTimestamp();
            count = _cutSince;
            _cutSince = 0;
        }

        LogTagsCut(key, CacheTags.MaxTags, count);
    }

    /// <summary>The thread that looks for purged objects has met what nobody expected; they stay out of use.</summary>
    public void SweepFailed(Exception error)
    {
        meter.Errors.Add("internal");
        LogSweepFailed(error);
    }

    /// <summary>The word for the scope of a purge; null is one URL.</summary>
    public static string ScopeOf(PurgeScope? scope) => scope switch
    {
        PurgeScope.All => "all",
        PurgeScope.Prefix => "prefix",
        PurgeScope.Tags => "tag",
        _ => "url",
    };

    [LoggerMessage(EventId = 100, EventName = "purge",
        Message = "a PURGE was answered: {result} {scope} {target} {soft} {slices} {client} {instances} {answered} {missing} {reason}")]
    private partial void LogPurge(
        LogLevel level, string result, string scope, string target, bool soft, long slices, object? client, int? instances, int? answered,
        string missing, string? reason);

    [LoggerMessage(EventId = 101, EventName = "tags_cut", Level = LogLevel.Warning,
        Message = "an answer has more tags than are kept, so that a purge of any tag is for it: {target} {kept} {objects}")]
    private partial void LogTagsCut(CacheKey target, int kept, int objects);

    [LoggerMessage(EventId = 102, EventName = "purge_sweep_failed", Level = LogLevel.Error,
        Message = "an unexpected error while purged objects were looked for; they are out of use, and removed when they are asked for")]
    private partial void LogSweepFailed(Exception error);
}
