namespace Slice.Core.Origin;

/// <summary>
/// Remembers for a while that an origin refuses requests that pin a version (<c>If-Match</c>, <c>If-Unmodified-Since</c>) though that
/// version is there: object stores answer 501, gateways 400 or 412. Without the condition nothing is less safe, as the validators of every
/// answer are compared; an object that has changed is only noticed by its answer instead of by a 412. Thread-safe.
/// </summary>
public sealed class ConditionRefusals
{
    // Arbitrary: an origin that learns conditions is asked with them within minutes, and one that never does costs one request in vain for
    // each fetch that begins in the same moment.
    private static readonly TimeSpan s_remembered = TimeSpan.FromMinutes(10);

    // There is one origin at a time, and for a while another after a reload.
    private volatile Refusal? _last;

    /// <summary>Whether the origin refuses conditions, as far as is known.</summary>
    public bool Contains(IOriginClient origin, TimeProvider time) =>
        _last is { } last && last.Origin == origin && time.GetElapsedTime(last.At) < s_remembered;

    /// <summary>The origin has answered without the condition what it had refused with it.</summary>
    public void Add(IOriginClient origin, TimeProvider time) => _last = new Refusal(origin, time.GetTimestamp());

    private sealed record Refusal(IOriginClient Origin, long At);
}
