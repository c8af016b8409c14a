namespace Slice.Host.Control;

/// <summary>What <c>pingora-slice warm</c> is to do.</summary>
/// <param name="Urls">The URLs, in order; a hyphen stands for those in standard input, one a line.</param>
/// <param name="Parallel">Most of them at once.</param>
/// <param name="Instance">Which instance.</param>
public sealed record WarmOrder(IReadOnlyList<string> Urls, int Parallel, InstanceChoice Instance)
{
    /// <summary>How many at once when nothing is said; each of them has several slices in flight at the origin.</summary>
    public const int DefaultParallel = 2;

    /// <summary>Most at once. Arbitrary.</summary>
    public const int MaxParallel = 64;
}
