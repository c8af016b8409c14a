using System.Diagnostics;
using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>
/// Judges the answer to a good client who wants a file: status, fields and every byte are those of one version that may be.
/// </summary>
internal static class FileCheck
{
    /// <summary>
    /// How long a version may still be seen after it was replaced: its freshness (1 s where an object has any and changes by itself), and
    /// one more second for an answer that was under way while this client joined those who waited for it.
    /// </summary>
    public static long Latest(string path) => path.Split('/')[2] switch
    {
        "changing" or "weak" => 3 * Stopwatch.Frequency,

        // Fresh for ever, until the proxy has seen that it was replaced: ChaosObject.Acknowledged is its bound.
        "moved" => long.MaxValue / 2,
        _ => Stopwatch.Frequency,
    };

    /// <summary>How long before a request a change may have been that its answer runs into: the answer began with what was fresh.</summary>
    public static long Noticed => 3 * Stopwatch.Frequency;

    /// <summary>What is wrong; null when nothing is.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="wish">What was asked.</param>
    /// <param name="versions">The versions that may be.</param>
    /// <param name="changes">How often the object changed meanwhile: an answer may be cut by one, and fail by two (B23, B24).</param>
    public static string? Check(RawResponse response, FileWish wish, IReadOnlyList<RangeFile> versions, int changes)
    {
        if (response.StatusCode >= 500 && changes >= 2)
        {
            return null;
        }

        if (response.StatusCode == 304)
        {
            return CheckNotModified(response, wish, versions);
        }

        if (response.StatusCode is not (200 or 206))
        {
            return $"status {response.StatusCode}";
        }

        if (response.Ending != ResponseEnding.Complete && changes == 0)
        {
            return "cut off, and nothing has changed";
        }

        string?[] problems = [.. versions.Where(version => version.ETag == response.Field("ETag"))
            .Select(version => CheckVersion(response, wish, version))];
        return problems.Length == 0
            ? $"the tag of no version that may be: {string.Join(", ", versions.Select(version => version.ETag))}"
            : problems.Contains(null) ? null : problems[^1];
    }

    private static string? CheckNotModified(RawResponse response, FileWish wish, IReadOnlyList<RangeFile> versions) =>
        wish.Range is null && wish.Tag is not null && versions.Any(version => version.ETag == wish.Tag)
        && (response.Field("ETag") ?? wish.Tag) == wish.Tag
            ? null
            : "304 for a version that is not, or without a condition";

    private static string? CheckVersion(RawResponse response, FileWish wish, RangeFile version)
    {
        bool isStrong = version.ETag!.StartsWith('"');
        bool mayBePart = wish.Method == "GET" && wish.Range is not null && (wish.Tag is null || (isStrong && wish.Tag == version.ETag));
        if (response.StatusCode == 206 != mayBePart)
        {
            return $"{response.StatusCode} for If-Range {wish.Tag} and Range {wish.Range}";
        }

        if (response.StatusCode == 200 && wish.Range is null && wish.Tag == version.ETag)
        {
            return "200 for a tag that the client has";
        }

        var (start, end) = mayBePart ? wish.SpanOf(version.LengthBytes) : (0, version.LengthBytes);
        string span = string.Create(CultureInfo.InvariantCulture, $"bytes {start}-{end - 1}/{version.LengthBytes}");
        string? contentRange = mayBePart ? span : null;
        if (response.Field("Content-Range") != contentRange)
        {
            return $"Content-Range is not {contentRange}";
        }

        if (response.Field("Content-Length") != (end - start).ToString(CultureInfo.InvariantCulture))
        {
            return $"Content-Length is not {end - start}";
        }

        return wish.Method == "HEAD" ? null
            : !response.Body.AsSpan().SequenceEqual(TestContent.Bytes(start, response.Body.Length, version.Seed)) ? "wrong bytes"
            : null;
    }
}
