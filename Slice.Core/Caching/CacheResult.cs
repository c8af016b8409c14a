namespace Slice.Core.Caching;

/// <summary>What our cache did for one answer, in one word: the values of X-Cache (B30).</summary>
public enum CacheResult : byte
{
    /// <summary>The cache was not asked: an answer of our own, a refusal, a tunnel.</summary>
    None,

    /// <summary>All of the answer was stored and could be used.</summary>
    Hit,

    /// <summary>A part of the answer was stored.</summary>
    Partial,

    /// <summary>Nothing of the answer was stored.</summary>
    Miss,

    /// <summary>The answer is no longer fresh and was used all the same.</summary>
    Stale,

    /// <summary>The answer neither came from the cache nor goes there.</summary>
    Bypass,
}
