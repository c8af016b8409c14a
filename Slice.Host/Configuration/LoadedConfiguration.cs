using Slice.Core.Options;
using Slice.Host.Logging;

namespace Slice.Host.Configuration;

/// <summary>What came of loading a configuration.</summary>
/// <param name="Options">The effective configuration, valid; null when there are errors.</param>
/// <param name="Files">The files that were read.</param>
/// <param name="Errors">Every error, one line each as text.</param>
/// <param name="Notices">Lines to say at start-up.</param>
public sealed record LoadedConfiguration(
    SliceOptions? Options, IReadOnlyList<string> Files, IReadOnlyList<ConfigurationError> Errors, IReadOnlyList<Notice> Notices)
{
    /// <summary>What the files say, without environment and command line; null when they have errors.</summary>
    public SliceOptions? Written { get; init; }

    /// <summary>What SLICE_LOG says.</summary>
    public LogDirectives LogDirectives { get; init; } = LogDirectives.None;

    /// <summary>
    /// By name of a key, what overrides the files there: <c>SLICE_LOG</c>, <c>--log-level</c>, <c>--drain-delay</c> or <c>--port</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Overrides { get; init; } = new Dictionary<string, string>();
}
