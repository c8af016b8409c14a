namespace Slice.Core.Fetching;

/// <summary>What becomes of a response after it was looked at.</summary>
internal enum ResponseHandOver
{
    /// <summary>It is done with: dispose it and give its permit back.</summary>
    None,

    /// <summary>It and its permit belong to a fetch.</summary>
    WithPermit,

    /// <summary>It goes on, at a client's pace, which must not hold a permit.</summary>
    WithoutPermit,
}
