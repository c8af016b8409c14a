using Slice.Host.Configuration;
using Slice.Host.Control;

namespace Slice.Host.CommandLine;

/// <summary>Show what a cache directory holds, and the shared cache.</summary>
/// <param name="Directory">The directory; null for the one of the configuration.</param>
/// <param name="Configuration">The configuration whose caches are shown; null for the directory alone.</param>
/// <param name="SharedUrl">The object that is looked for in the shared cache, which is then shown alone; null for none.</param>
/// <param name="Json">Whether for a script.</param>
/// <param name="Verify">Whether every slice is compared with its checksum.</param>
/// <param name="Limit">Most objects that are listed.</param>
public sealed record InspectCommand(
    string? Directory, ConfigurationRequest? Configuration, RequestUrl? SharedUrl, bool Json, bool Verify, int Limit) : CommandLineResult
{
    /// <summary>Objects that are listed when nothing is said: what fits a terminal.</summary>
    public const int DefaultLimit = 20;
}
