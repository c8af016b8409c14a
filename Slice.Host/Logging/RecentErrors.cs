using Microsoft.Extensions.Logging;

namespace Slice.Host.Logging;

/// <summary>
/// The last warnings and errors of the log, for somebody who looks: at most a hundred, each cut to a few hundred
/// characters. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class RecentErrors(TimeProvider time) : ILoggerProvider
{
    /// <summary>Lines that are kept. Arbitrary.</summary>
    public const int MaxLines = 100;

    /// <summary>Characters of a line that are kept. Arbitrary.</summary>
    public const int MaxChars = 500;

    private readonly Lock _lock = new();
    private readonly Queue<RecentError> _lines = new(MaxLines);
    private long _count;

    /// <summary>Lines so far, those that are not kept any more too.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>What is kept, the newest first.</summary>
    public RecentError[] Read()
    {
        lock (_lock)
        {
            return [.. _lines.Reverse()];
        }
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        // It owns nothing but memory.
    }

    private void Add(LogLevel level, EventId eventId, string text, Exception? exception)
    {
        if (exception is not null)
        {
            text = $"{text}: {exception.GetType().Name}: {exception.Message}";
        }

        var at = time.GetUtcNow();
        lock (_lock)
        {
            if (_lines.Count == MaxLines)
            {
                _lines.Dequeue();
            }

            _lines.Enqueue(new RecentError(
                ++_count,
                at,
                level >= LogLevel.Error,
                eventId.Name ?? "other",
                text.Length > MaxChars ? string.Concat(text.AsSpan(0, MaxChars), "…") : text));
        }
    }

    private sealed class Logger(RecentErrors errors) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Warning and < LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                errors.Add(logLevel, eventId, formatter(state, exception), exception);
            }
        }
    }
}
