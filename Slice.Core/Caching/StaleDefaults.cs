namespace Slice.Core.Caching;

/// <summary>
/// How long after its freshness a response that says nothing about that may be used (<c>cache_stale_while_revalidate</c>,
/// <c>cache_stale_if_error</c>). Zero, the default: not at all.
/// </summary>
/// <param name="WhileRevalidating">While the origin is asked.</param>
/// <param name="IfError">When the origin fails.</param>
public readonly record struct StaleDefaults(TimeSpan WhileRevalidating, TimeSpan IfError);
