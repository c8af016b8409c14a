namespace Slice.Core.SharedCache;

/// <summary>How far an instance has acted on what the others told: the last number of each log, with all before.</summary>
/// <param name="News">Of the news of single objects; counted from 1.</param>
/// <param name="Purges">Of the purges of many objects.</param>
internal readonly record struct HeardNews(long News, long Purges);
