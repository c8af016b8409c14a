using Microsoft.Extensions.Logging;

namespace Slice.Net.Exchange;

/// <summary>What lines have in common that are summed up.</summary>
/// <param name="Event">Name of the event.</param>
/// <param name="Address">Address of the origin; empty for none.</param>
/// <param name="Reason">Word or status of what has failed; empty for none.</param>
internal readonly record struct LineCause(string Event, string Address, string Reason)
{
    /// <summary>The level of the lines, and of what sums them up. Default a warning.</summary>
    public LogLevel Level { get; init; } = LogLevel.Warning;
}
