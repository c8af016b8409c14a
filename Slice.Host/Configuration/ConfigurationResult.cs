using Slice.Core.Options;

namespace Slice.Host.Configuration;

/// <summary>What came of reading configuration files.</summary>
/// <param name="Options">The effective configuration, valid; null when there are errors.</param>
/// <param name="Errors">Every error of every file, in the order of files and then of lines.</param>
public sealed record ConfigurationResult(SliceOptions? Options, IReadOnlyList<ConfigurationError> Errors);
