namespace Slice.Net.SharedCache.Files;

/// <summary>What there is at the name of a value.</summary>
internal enum ValueState
{
    /// <summary>Nothing.</summary>
    Missing,

    /// <summary>A value whose lifetime is not over.</summary>
    Live,

    /// <summary>A value whose lifetime is over, or what is no value: damaged, cut short, foreign.</summary>
    Dead,
}
