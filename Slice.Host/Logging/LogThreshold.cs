using Microsoft.Extensions.Logging;
using Slice.Core.Options;

namespace Slice.Host.Logging;

/// <summary>The least severity that is logged; a reload may change it while others log. Safe from any thread.</summary>
public sealed class LogThreshold
{
    // Its one line is a failed start with the stack trace of it, which Instance reports in one readable line.
    private const string HostCategory = "Microsoft.Extensions.Hosting.Internal.Host";

    private readonly KeyValuePair<string, LogLevel>[] _named;
    private volatile LogLevel _ownLevel;

    /// <param name="severity">The least severity to begin with.</param>
    /// <param name="named">Categories that have one of their own; null for none.</param>
    public LogThreshold(LogSeverity severity, LogDirectives? named = null)
    {
        _named = [.. (named ?? LogDirectives.None).Named.Select(pair => KeyValuePair.Create(pair.Key, LevelOf(pair.Value)))];
        Set(severity);
    }

    /// <summary>Changes the least severity; lines already queued are still written.</summary>
    public void Set(LogSeverity severity) => _ownLevel = LevelOf(severity);

    /// <summary>
    /// Whether a line is written. Of the framework's own lines only warnings are, whatever the threshold, unless their category is
    /// named: those of Kestrel's connections would bury ours.
    /// </summary>
    public bool Allows(string? category, LogLevel level)
    {
        LogLevel ownLevel = _ownLevel;
        foreach (var (name, named) in _named)
        {
            if (category is not null && category.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            {
                return level >= named;
            }
        }

        if (category == HostCategory)
        {
            return false;
        }

        return level >= (LogfmtLine.IsOwnCategory(category) || ownLevel > LogLevel.Warning ? ownLevel : LogLevel.Warning);
    }

    private static LogLevel LevelOf(LogSeverity severity) => severity switch
    {
        LogSeverity.Trace => LogLevel.Trace,
        LogSeverity.Debug => LogLevel.Debug,
        LogSeverity.Info => LogLevel.Information,
        LogSeverity.Warn => LogLevel.Warning,
        _ => LogLevel.Error,
    };
}
