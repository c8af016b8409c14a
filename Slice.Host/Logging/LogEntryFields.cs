using Microsoft.Extensions.Logging;

namespace Slice.Host.Logging;

/// <summary>What a line is made of.</summary>
/// <remarks>
/// Without the type of the state: each event has one of its own, and for each the code that writes a line would be in the binary once more.
/// </remarks>
/// <param name="Level">How grave.</param>
/// <param name="Category">Of which logger.</param>
/// <param name="EventId">Which event.</param>
/// <param name="State">Its fields; null for none.</param>
/// <param name="Message">The message with its values.</param>
/// <param name="Exception">What was caught; null for nothing.</param>
internal readonly record struct LogEntryFields(
    LogLevel Level, string Category, EventId EventId, IReadOnlyList<KeyValuePair<string, object?>>? State, string Message,
    Exception? Exception)
{
    /// <summary>The fields of a state; null when it has none.</summary>
    public static IReadOnlyList<KeyValuePair<string, object?>>? Of(object? state) => state as IReadOnlyList<KeyValuePair<string, object?>>;
}
