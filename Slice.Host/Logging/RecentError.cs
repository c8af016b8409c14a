namespace Slice.Host.Logging;

/// <summary>One line of the log.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="At">When.</param>
/// <param name="IsError">Whether it is an error of ours; else a warning.</param>
/// <param name="Event">The name of its event.</param>
/// <param name="Text">Its words, with their values; cut when long.</param>
internal sealed record RecentError(long Number, DateTimeOffset At, bool IsError, string Event, string Text);
