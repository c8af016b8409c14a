using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Slice.Host.Logging;

/// <summary>Sets logging up.</summary>
public static class SliceLoggingExtensions
{
    // Set by systemd for a service whose output goes to the journal (systemd.exec(5)).
    private const string JournalVariable = "JOURNAL_STREAM";

    /// <summary>
    /// Writes every event that <paramref name="threshold"/> allows to standard error, one logfmt line each, and removes all other
    /// providers. A reader that does not keep up costs lines, never requests: what does not fit the queue of 2,500 lines (the console
    /// logger's default) is dropped, and the number dropped is written when there is room.
    /// </summary>
    /// <param name="builder">The logging of the host.</param>
    /// <param name="threshold">Least severity, now and later.</param>
    /// <returns><paramref name="builder"/>.</returns>
    public static ILoggingBuilder AddSliceLogging(this ILoggingBuilder builder, LogThreshold threshold)
    {
        bool journalReadsPriorities = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(JournalVariable));
        builder.ClearProviders();
        builder.AddConsole();
        builder.Services.AddSingleton<ConsoleFormatter>(new LogfmtConsoleFormatter(TimeProvider.System, journalReadsPriorities));
        builder.Services.Configure<ConsoleLoggerOptions>(options =>
        {
            options.FormatterName = LogfmtConsoleFormatter.FormatterName;
            options.LogToStandardErrorThreshold = LogLevel.Trace;
            options.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
        builder.SetMinimumLevel(LogLevel.Trace);
        builder.AddFilter(threshold.Allows);

        // A level and no function: each request asks whether anybody hears debug lines, and is answered by a comparison here.
        builder.AddFilter<RecentErrors>(category: null, LogLevel.Warning);
        return builder;
    }
}
