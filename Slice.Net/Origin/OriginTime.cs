namespace Slice.Net.Origin;

/// <summary>How one address of the origin has answered.</summary>
/// <param name="Answers">Response heads that came.</param>
/// <param name="Failures">Tries without one.</param>
/// <param name="Mean">From the begin of a try, connecting included, to the response head; the latest answers count most.</param>
/// <param name="LastStatus">Status of the last answer; 0 for none yet.</param>
/// <param name="LastFailure">Why the last failed try failed; null for none yet.</param>
/// <param name="LastFailureAt">When that was.</param>
internal readonly record struct OriginTime(
    long Answers, long Failures, TimeSpan Mean, int LastStatus, string? LastFailure, DateTimeOffset LastFailureAt);
