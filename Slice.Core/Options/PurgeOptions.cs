namespace Slice.Core.Options;

/// <summary>Who may remove stored responses.</summary>
public sealed record PurgeOptions
{
    /// <summary>Whether PURGE is answered. Default true; false answers 405.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// The token a PURGE must carry, on the proxy port and on the metrics port; null: PURGE is answered on the metrics port only.
    /// </summary>
    public string? AuthToken { get; init; }

    /// <summary>Whether purge metrics are published. Default true.</summary>
    public bool EnableMetrics { get; init; } = true;
}
