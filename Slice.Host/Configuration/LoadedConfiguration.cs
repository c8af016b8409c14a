using Slice.Core.Options;

namespace Slice.Host.Configuration;

/// <summary>What came of loading a configuration.</summary>
/// <param name="Options">The effective configuration, valid; null when there are errors.</param>
/// <param name="Files">The files that were read.</param>
/// <param name="Errors">Every error, one line each as text.</param>
/// <param name="Notices">Lines to say at start-up.</param>
public sealed record LoadedConfiguration(
    SliceOptions? Options, IReadOnlyList<string> Files, IReadOnlyList<ConfigurationError> Errors, IReadOnlyList<string> Notices);
