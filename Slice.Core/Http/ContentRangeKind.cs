namespace Slice.Core.Http;

/// <summary>What an origin's Content-Range says (RFC 9110 §14.4).</summary>
public enum ContentRangeKind : byte
{
    /// <summary>
    /// Nothing that can be believed: another unit, bad syntax, a last position before the first or not before the length.
    /// </summary>
    Invalid,

    /// <summary><c>bytes a-b/N</c>.</summary>
    Range,

    /// <summary><c>bytes a-b/*</c>: the complete length is not known.</summary>
    RangeOfUnknownLength,

    /// <summary><c>bytes */N</c>, in a 416.</summary>
    Unsatisfied,
}
