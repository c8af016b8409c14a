using System.Globalization;

namespace Slice.Tests.Support;

/// <summary>The preconditions of RFC 9110 §13 as an origin evaluates them, in the order of §13.2.2.</summary>
internal static class OriginPreconditions
{
    /// <summary><c>412 …</c> or <c>304 …</c> when a precondition decides the answer; null to go on.</summary>
    public static string? Evaluate(RangeFile file, OriginRequest request)
    {
        if (request.Field("If-Match") is { } match)
        {
            if (!Tags(match).Any(tag => tag == "*" || IsStrongMatch(tag, file.ETag)))
            {
                return "412 Precondition Failed";
            }
        }
        else if (Date(request.Field("If-Unmodified-Since")) is { } limit && file.LastModified > limit)
        {
            return "412 Precondition Failed";
        }

        if (request.Field("If-None-Match") is { } noneMatch)
        {
            return Tags(noneMatch).Any(tag => tag == "*" || IsWeakMatch(tag, file.ETag)) ? "304 Not Modified" : null;
        }

        return Date(request.Field("If-Modified-Since")) is { } since && file.LastModified <= since ? "304 Not Modified" : null;
    }

    /// <summary>
    /// Whether If-Range, if any, lets the Range count (§13.1.5): strong comparison of tags, or exactly the modification date.
    /// </summary>
    public static bool IfRangeAllows(RangeFile file, OriginRequest request)
    {
        string? field = request.Field("If-Range");
        return field is null || IsStrongMatch(field, file.ETag) || (Date(field) is { } date && date == file.LastModified);
    }

    private static string[] Tags(string field) => field.Split(',', StringSplitOptions.TrimEntries);

    private static bool IsStrongMatch(string tag, string? current) => tag == current && tag.StartsWith('"');

    private static bool IsWeakMatch(string tag, string? current) => current is not null && Opaque(tag) == Opaque(current);

    private static string Opaque(string tag) => tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag;

    private static DateTimeOffset? Date(string? field)
        => DateTimeOffset.TryParseExact(field, "R", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date)
            ? date
            : null;
}
