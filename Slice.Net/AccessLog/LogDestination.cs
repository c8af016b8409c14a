namespace Slice.Net.AccessLog;

/// <summary>A target and the lines on their way to it: each has a queue of its own, so that lines go where they were meant to go.</summary>
/// <param name="Target">Where the lines go; null for a log that is off.</param>
/// <param name="Queue">The lines.</param>
internal sealed record LogDestination(ILogTarget? Target, LineQueue Queue);
