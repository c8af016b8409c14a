using System.Globalization;

namespace Slice.Core.SharedCache;

/// <summary>How far an instance has acted on what the others told: the last number of each log, with all before.</summary>
/// <param name="News">Of the news of single objects; counted from 1.</param>
/// <param name="Purges">Of the purges of many objects.</param>
internal readonly record struct HeardNews(long News, long Purges)
{
    /// <summary>Entries that one look reads at most: more is as good as lost. Arbitrary.</summary>
    public const int MostEntries = 4096;

    /// <summary>Why what was told since is lost, where the logs have come to these numbers; null when it can be read.</summary>
    public string? LossAt(long news, long purges)
    {
        long behind = Math.Max(news - News, purges - Purges);
        return news < News || purges < Purges ? "the store has lost its counters"
            : behind > MostEntries ? TooMany(behind)
            : null;
    }

    /// <summary>Why entries are lost that are more than <see cref="MostEntries"/>.</summary>
    public static string TooMany(long entries) => string.Create(CultureInfo.InvariantCulture, $"{entries} entries of the log at once");
}
