namespace Slice.Core.Options;

/// <summary>When an address of the origin rests.</summary>
public sealed record UpstreamHealthOptions
{
    /// <summary>
    /// Failures in a row, none of them longer than <see cref="Rest"/> after the one before, that make an address rest. Default 1, nginx's
    /// <c>max_fails</c>.
    /// </summary>
    public int MaxFailures { get; init; } = 1;

    /// <summary>How long an address rests before one request tries it. Default 10 s, nginx's <c>fail_timeout</c>.</summary>
    public TimeSpan Rest { get; init; } = TimeSpan.FromSeconds(10);
}
