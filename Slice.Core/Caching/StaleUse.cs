namespace Slice.Core.Caching;

/// <summary>
/// How long after its freshness a response may still be used (RFC 9111 §4.2.4, RFC 5861). Zero: not at all. Null: the response leaves that
/// to the operator, whose word at the time of use counts (<see cref="StaleDefaults"/>): a key that is set while the origin is down helps
/// with what is stored.
/// </summary>
/// <param name="IsForbidden">must-revalidate, proxy-revalidate, s-maxage or no-cache: not even a client's max-stale may.</param>
/// <param name="WhileRevalidating">While the origin is asked.</param>
/// <param name="IfError">When the origin fails.</param>
public readonly record struct StaleUse(bool IsForbidden, TimeSpan? WhileRevalidating, TimeSpan? IfError);
