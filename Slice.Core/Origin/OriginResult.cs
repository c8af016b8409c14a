namespace Slice.Core.Origin;

/// <summary>A response, or why there is none.</summary>
/// <param name="Response">The response, owned by the receiver; null when <paramref name="Failure"/> is an error.</param>
/// <param name="Failure">Why there is none.</param>
public readonly record struct OriginResult(OriginResponse? Response, Failure Failure)
{
    /// <summary>
    /// Sends beyond the first that the client made by itself, over another connection than the first one's. Other addresses do not count.
    /// </summary>
    public int Repeats { get; init; }

    /// <summary>Sends beyond the first because that one was late: 0 or 1 for each address.</summary>
    public int Hedges { get; init; }
}
