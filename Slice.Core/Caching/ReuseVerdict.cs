namespace Slice.Core.Caching;

/// <summary>How a stored response may be used, and why not as it is.</summary>
/// <param name="Reuse">How.</param>
/// <param name="Detail">Why not as it is; <see cref="CacheDetail.None"/> when it may be.</param>
public readonly record struct ReuseVerdict(Reuse Reuse, CacheDetail Detail);
