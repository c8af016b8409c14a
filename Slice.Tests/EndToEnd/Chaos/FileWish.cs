using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>What a good client wants of a file.</summary>
/// <param name="Method">GET or HEAD.</param>
/// <param name="Range">A satisfiable Range, or null.</param>
/// <param name="Tag">The tag of a version it has: If-Range beside a Range, If-None-Match without one; or null.</param>
internal sealed record FileWish(string Method, string? Range, string? Tag)
{
    /// <summary>1.1 or 1.0.</summary>
    public string Version { get; init; } = "1.1";

    /// <summary>The field lines that say so.</summary>
    public string[] Fields =>
        [.. Range is null ? Array.Empty<string>() : ["Range: " + Range], .. Tag is null ? Array.Empty<string>() : [$"{Condition}: {Tag}"]];

    private string Condition => Range is null ? "If-None-Match" : "If-Range";

    /// <summary>The request, judged by <paramref name="check"/>.</summary>
    public GoodRequest Request(string path, Func<RawResponse, long, long, string?> check) =>
        new(Method, path, Fields, check) { Version = Version };

    /// <summary>The half-open span of a file of this length that is wanted.</summary>
    public (long Start, long End) SpanOf(long lengthBytes)
    {
        string[] ends = Range is null ? ["0", ""] : Range["bytes=".Length..].Split('-');
        return ends[0].Length == 0
            ? (Math.Max(0, lengthBytes - long.Parse(ends[1], CultureInfo.InvariantCulture)), lengthBytes)
            : (long.Parse(ends[0], CultureInfo.InvariantCulture), ends[1].Length == 0
                ? lengthBytes
                : Math.Min(lengthBytes, long.Parse(ends[1], CultureInfo.InvariantCulture) + 1));
    }
}
