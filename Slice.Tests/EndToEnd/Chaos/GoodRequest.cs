using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>A request of a good client and what must be true of its answer.</summary>
/// <param name="Method">GET or HEAD.</param>
/// <param name="Target">As it stands in the request line.</param>
/// <param name="Fields">Whole field lines after Host.</param>
/// <param name="Check">What is wrong with an answer to a request that was sent and answered at these times; null when nothing is.</param>
internal sealed record GoodRequest(string Method, string Target, string[] Fields, Func<RawResponse, long, long, string?> Check)
{
    /// <summary>Whose it is; null for a client that nobody knows.</summary>
    public string? User { get; init; }

    /// <summary>1.1 or 1.0.</summary>
    public string Version { get; init; } = "1.1";

    /// <summary>Whether its answer must come from the cache when somebody has had the whole file before: it never changes.</summary>
    public bool IsForEver { get; init; }

    /// <summary>Its bytes.</summary>
    public string Text =>
        $"{Method} {Target} HTTP/{Version}\r\nHost: test.example\r\n{string.Concat(Fields.Select(line => line + "\r\n"))}\r\n";
}
