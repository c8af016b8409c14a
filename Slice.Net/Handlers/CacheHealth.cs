namespace Slice.Net.Handlers;

/// <summary>Where the cache is, for <c>/health</c>.</summary>
/// <param name="Place"><c>disk</c>, <c>memory</c>, or <c>off</c> without a cache.</param>
/// <param name="Reason">Why the cache is not where it was to be; null when it is.</param>
public readonly record struct CacheHealth(string Place, string? Reason)
{
    /// <summary>On disk.</summary>
    public static CacheHealth OnDisk { get; } = new("disk", null);

    /// <summary>There is none.</summary>
    public static CacheHealth Off { get; } = new("off", null);

    /// <summary>In memory.</summary>
    public static CacheHealth InMemory(string? reason) => new("memory", reason);
}
