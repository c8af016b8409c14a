namespace Slice.Core.Origin;

/// <summary>A response, or why there is none.</summary>
/// <param name="Response">The response, owned by the receiver; null when <paramref name="Failure"/> is an error.</param>
/// <param name="Failure">Why there is none.</param>
public readonly record struct OriginResult(OriginResponse? Response, Failure Failure);
