using Microsoft.Extensions.Logging;
using Slice.Core.Observability;

namespace Slice.Net.AccessLog;

/// <summary>Counts the lines that are lost, and says when that begins and when it is over. Thread-safe.</summary>
internal sealed partial class LineLosses(ILogger logger, SliceMeter meter)
{
    private readonly ILogger _logger = logger;
    private bool _isLosing;
    private long _lost;

    /// <summary>Counts lines that have come faster than they could be written.</summary>
    /// <remarks>Said at once, and not by the thread that writes: what holds that thread up may do so for long.</remarks>
    public void Add(long lines, string? path)
    {
        meter.AccessLogDropped.Add(lines);
        Interlocked.Add(ref _lost, lines);
        if (!Interlocked.Exchange(ref _isLosing, true))
        {
            LogLosing(path);
        }
    }

    /// <summary>Counts lines whose target could not be written when their time was up.</summary>
    public void AddUnwritten(long lines) => meter.AccessLogDropped.Add(lines);

    /// <summary>There was room for all lines of late.</summary>
    public void End(string? path)
    {
        if (Volatile.Read(ref _isLosing))
        {
            LogLosingOver(path, Interlocked.Exchange(ref _lost, 0));
            Volatile.Write(ref _isLosing, false);
        }
    }

    [LoggerMessage(EventId = 142, EventName = "access_log_drops", Level = LogLevel.Warning,
        Message = "lines of the access log are lost, as they come faster than they can be written: {path}")]
    private partial void LogLosing(string? path);

    [LoggerMessage(EventId = 143, EventName = "access_log_drops_over", Level = LogLevel.Warning,
        Message = "no more lines of the access log are lost: {path} {lost}")]
    private partial void LogLosingOver(string? path, long lost);
}
