using Microsoft.Extensions.Logging;

namespace Slice.Host.Logging;

/// <summary>What a line is made of.</summary>
internal readonly record struct LogEntryFields<TState>(
    LogLevel Level, string Category, EventId EventId, TState State, string Message, Exception? Exception);
