using Slice.Core.Objects;

namespace Slice.Host.Control;

/// <summary>What <c>pingora-slice purge</c> is to do.</summary>
/// <param name="Scope">What is purged; null for single URLs.</param>
/// <param name="Urls">The URLs, or the prefixes.</param>
/// <param name="Tags">The tags.</param>
/// <param name="IsSoft">Whether it becomes stale and stays.</param>
/// <param name="Json">Whether for a script.</param>
/// <param name="Instance">Which instance.</param>
public sealed record PurgeOrder(
    PurgeScope? Scope, IReadOnlyList<RequestUrl> Urls, IReadOnlyList<string> Tags, bool IsSoft, bool Json, InstanceChoice Instance);
