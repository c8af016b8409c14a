using System.Globalization;

namespace Slice.Core.SharedCache;

/// <summary>How far an instance has acted on what the others told: the last number of each log, with all before.</summary>
/// <param name="News">Of the news of single objects; counted from 1.</param>
/// <param name="Purges">Of the purges of many objects.</param>
/// <param name="NewsDigest">XxHash3 of what the entry of the news says, to tell it from another one; 0 for nobody who knows.</param>
/// <param name="PurgesDigest">The same of the purge.</param>
internal readonly record struct HeardNews(long News, long Purges, ulong NewsDigest = 0, ulong PurgesDigest = 0)
{
    /// <summary>Entries that one look reads at most: more is as good as lost. Arbitrary.</summary>
    public const int MostEntries = 4096;

    // Nobody tells so many in the time between two looks. A counter that is made anew begins with the time in microseconds (TierLog): it is
    // this far above the one before a tenth of a second after that had begun. Arbitrary.
    private const int MostPlausible = 100_000;

    /// <summary>Whether logs that have come to these numbers are behind what was heard: numbers may be given twice.</summary>
    public bool IsAheadOf(long news, long purges) => news < News || purges < Purges;

    /// <summary>Why everything may be lost that was told to a store which is behind, or has other entries.</summary>
    public static string PutBack(long news, long purges) => news == 0 || purges == 0
        ? "the store has lost its counters"
        : "the store has what it had earlier: it was put back, or a server took over that lacks what was written last";

    /// <summary>
    /// How a log of a store that was put back goes on: far above every number that anybody may have heard, so that none is given twice.
    /// Where another instance has seen to that already, one more jump would be a loss to that instance.
    /// </summary>
    /// <param name="heard">The last number that was heard.</param>
    /// <param name="latest">What the store says.</param>
    /// <returns>The number to go on above, and the latest; 0 for the latest: the caller is to make the log go on.</returns>
    public static (long Above, long Latest) GoOn(long heard, long latest) => latest - heard > MostPlausible
        ? (heard, latest)
        : (Math.Max(heard, latest) + MostEntries, 0);

    /// <summary>Why what was told since is lost, where the logs have come to these numbers; null when it can be read.</summary>
    public string? LossAt(long news, long purges)
    {
        long behind = Math.Max(news - News, purges - Purges);
        return behind > MostEntries ? TooMany(behind) : null;
    }

    /// <summary>Why entries are lost that are more than <see cref="MostEntries"/>.</summary>
    public static string TooMany(long entries) => entries > MostPlausible
        ? "the counters of the store began anew"
        : string.Create(CultureInfo.InvariantCulture, $"{entries} entries of the log at once");
}
