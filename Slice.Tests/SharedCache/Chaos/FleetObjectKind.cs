namespace Slice.Tests.SharedCache.Chaos;

/// <summary>What the versions of an object are told apart by.</summary>
internal enum FleetObjectKind
{
    /// <summary>An entity tag and a date.</summary>
    Tagged,

    /// <summary>A date.</summary>
    Dated,

    /// <summary>Nothing; the origin gives no parts of it, as nobody could tell which version a part is of (B25).</summary>
    Nameless,

    /// <summary>An entity tag, for each language another one.</summary>
    Varying,

    /// <summary>An entity tag; the origin gives no parts of it.</summary>
    Whole,
}
