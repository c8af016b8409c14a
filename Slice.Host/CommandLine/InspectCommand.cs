namespace Slice.Host.CommandLine;

/// <summary>Show what a cache directory holds.</summary>
/// <param name="Directory">The directory.</param>
/// <param name="Json">Whether for a script.</param>
/// <param name="Verify">Whether every slice is compared with its checksum.</param>
/// <param name="Limit">Most objects that are listed.</param>
public sealed record InspectCommand(string Directory, bool Json, bool Verify, int Limit) : CommandLineResult
{
    /// <summary>Objects that are listed when nothing is said: what fits a terminal.</summary>
    public const int DefaultLimit = 20;
}
