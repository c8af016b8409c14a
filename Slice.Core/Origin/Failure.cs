namespace Slice.Core.Origin;

/// <summary>An error with what a person needs to find its cause.</summary>
/// <param name="Error">Which error.</param>
/// <param name="Detail">The circumstances: address, status, system message. Empty when the error says it all.</param>
public readonly record struct Failure(FetchError Error, string Detail = "")
{
    /// <summary>How long the origin asks to be left alone (Retry-After, RFC 9110 §10.2.3); null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>
    /// Which address of the origin it happened at, as <see cref="OriginResponse.Origin"/> names it; null when it is none's or unknown.
    /// </summary>
    public string? Origin { get; init; }

    /// <summary>Sends beyond the first that the way to the origin made by itself; they count among the repeats.</summary>
    public int Repeats { get; init; }

    /// <summary>
    /// Whether we have cut a body that stood still, to go on over another connection: nothing says yet that anything has failed.
    /// </summary>
    public bool IsCut { get; init; }

    /// <summary>The status of the answer that is the failure; 0 when the failure is another.</summary>
    public int Status { get; init; }

    /// <summary>No failure.</summary>
    public static readonly Failure None;

    /// <summary>Whether there is one.</summary>
    public bool IsError => Error != FetchError.None;
}
