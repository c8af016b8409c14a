using Microsoft.Extensions.Logging;
using Slice.Core.Options;

namespace Slice.Host.Logging;

/// <summary>The least severity that is logged; a reload may change it while others log. Safe from any thread.</summary>
public sealed class LogThreshold
{
    // Its one line is a failed start with the stack trace of it, which Instance reports in one readable line.
    private const string HostCategory = "Microsoft.Extensions.Hosting.Internal.Host";

    private volatile LogLevel _ownLevel;

    /// <param name="severity">The least severity to begin with.</param>
    public LogThreshold(LogSeverity severity) => Set(severity);

    /// <summary>Changes the least severity; lines already queued are still written.</summary>
    public void Set(LogSeverity severity) => _ownLevel = severity switch
    {
        LogSeverity.Trace => LogLevel.Trace,
        LogSeverity.Debug => LogLevel.Debug,
        LogSeverity.Info => LogLevel.Information,
        LogSeverity.Warn => LogLevel.Warning,
        _ => LogLevel.Error,
    };

    /// <summary>
    /// Whether a line is written. Of the framework's own lines only warnings are, until the threshold is <see cref="LogSeverity.Trace"/>.
    /// </summary>
    public bool Allows(string? category, LogLevel level)
    {
        LogLevel ownLevel = _ownLevel;
        if (category == HostCategory && ownLevel > LogLevel.Trace)
        {
            return false;
        }

        bool isOurs = LogfmtLine.IsOwnCategory(category) || ownLevel == LogLevel.Trace;
        return level >= (isOurs || ownLevel > LogLevel.Warning ? ownLevel : LogLevel.Warning);
    }
}
