using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Slice.Tests.Support;

/// <summary>Keeps log lines of our own categories, so that a test can say what an operator would have read.</summary>
public sealed class LogCapture : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>Lines so far: level, event, message.</summary>
    public IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>Called with each line, on the thread that logs, which it may hold up; null for nobody.</summary>
    public Action<string>? Heard { get; set; }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(this);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Add(string line)
    {
        _lines.Enqueue(line);
        Heard?.Invoke(line);
    }

    private sealed class Logger(LogCapture capture) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            capture.Add($"{logLevel} {eventId.Name} {formatter(state, exception)}{exception}");
    }
}
