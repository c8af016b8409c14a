namespace Slice.Core.Options;

/// <summary>The endpoint for operators.</summary>
public sealed record MetricsEndpointOptions
{
    /// <summary>Whether it listens at all. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Where it listens, <c>address:port</c>. Default 127.0.0.1:9090.</summary>
    public string Address { get; init; } = "127.0.0.1:9090";

    /// <summary>
    /// Names by which browsers may ask for the status page, beside addresses, <c>localhost</c> and the machine's own name;
    /// <c>*.NAME</c> for every name below one. Default none.
    /// </summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];
}
