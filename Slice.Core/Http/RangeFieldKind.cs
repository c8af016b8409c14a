namespace Slice.Core.Http;

/// <summary>What a Range field asks for (B2 to B5).</summary>
public enum RangeFieldKind : byte
{
    /// <summary>Not understood, or too much: answer as if the field were not there (RFC 9110 §14.2).</summary>
    Ignored,

    /// <summary>
    /// A byte range that no object can satisfy, such as <c>5-2</c> or an empty set: answer 416 (RFC 9110 §14.2 allows to reject it).
    /// </summary>
    Invalid416,

    /// <summary>One or more ranges, to be resolved against the complete length.</summary>
    Specs,
}
