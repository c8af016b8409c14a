using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Slice.Host.Logging;

/// <summary>Writes every event as one <see cref="LogfmtLine"/>. Safe from any thread.</summary>
/// <remarks>
/// Not the framework's JSON formatter: people read these lines in the journal, and grep finds <c>event=listening</c>.
/// Scopes are not written; the product opens none.
/// </remarks>
internal sealed class LogfmtConsoleFormatter : ConsoleFormatter
{
    /// <summary>The name the console logger selects it by.</summary>
    public const string FormatterName = "logfmt";

    private readonly TimeProvider _timeProvider;
    private readonly bool _journalReadsPriorities;

    /// <param name="timeProvider">Gives the time of a line.</param>
    /// <param name="journalReadsPriorities">
    /// Whether to begin a line with its priority, which systemd-journald takes off (sd-daemon(3)).
    /// </param>
    public LogfmtConsoleFormatter(TimeProvider timeProvider, bool journalReadsPriorities)
        : base(FormatterName) => (_timeProvider, _journalReadsPriorities) = (timeProvider, journalReadsPriorities);

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        string message = logEntry.Formatter?.Invoke(logEntry.State, logEntry.Exception) ?? logEntry.State?.ToString() ?? "";
        Write(
            new LogEntryFields(
                logEntry.LogLevel, logEntry.Category, logEntry.EventId, LogEntryFields.Of(logEntry.State), message, logEntry.Exception),
            textWriter);
    }

    private void Write(in LogEntryFields entry, TextWriter textWriter)
    {
        StringBuilder line = new(256);
        line.Append(_journalReadsPriorities ? JournalPriority(entry.Level) : "");
        LogfmtLine.Append(line, _timeProvider.GetUtcNow(), entry);
        textWriter.Write(line.Append('\n'));
    }

    // Severities of RFC 5424 §6.2.1.
    private static string JournalPriority(LogLevel level) => level switch
    {
        LogLevel.Critical => "<2>",
        LogLevel.Error => "<3>",
        LogLevel.Warning => "<4>",
        LogLevel.Information => "<6>",
        _ => "<7>",
    };
}
