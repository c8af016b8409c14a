using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Ranges;

namespace Slice.Net.Handlers;

/// <summary>What a GET or HEAD of a stored response is answered with: preconditions first, then the range (RFC 9110 §13.2.2).</summary>
internal static class ResponseDecision
{
    /// <summary>Decides from the request and the stored response alone. Pure.</summary>
    /// <param name="head">The request.</param>
    /// <param name="stored">The selected representation.</param>
    /// <param name="now">The time, for dates that are compared with it.</param>
    /// <param name="maxRanges">Most ranges that are looked at; a field with more is ignored (B8).</param>
    /// <param name="range">With <see cref="ResponseKind.Content"/>: the part to send, null for all of it.</param>
    /// <param name="multipart">With <see cref="ResponseKind.Multipart"/>: the parts to send.</param>
    public static ResponseKind Decide(
        RequestHead head, StoredResponse stored, DateTimeOffset now, int maxRanges, out ByteRange? range,
        out MultipartByteranges? multipart)
    {
        range = null;
        multipart = null;
        if (stored.Status != 200)
        {
            // RFC 9110 §13.2.1: conditions and ranges are about a representation, not about an error or a redirect.
            return ResponseKind.Content;
        }

        var validators = new StoredValidators
        {
            EntityTag = stored.EntityTag.Span,
            LastModified = stored.LastModifiedDate,
            Date = stored.Date,
        };
        switch (Preconditions.Evaluate(head.Fields, head.Method, validators, now))
        {
            case PreconditionResult.NotModified:
                return ResponseKind.NotModified;
            case PreconditionResult.PreconditionFailed:
                return ResponseKind.PreconditionFailed;
        }

        // B6: Range means something on GET only.
        if (head.Method != RequestMethod.Get
            || !head.Fields.Contains(KnownField.Range)
            || !Preconditions.AllowsRange(head.Fields, validators, now))
        {
            return ResponseKind.Content;
        }

        if (!TryGetSingleRange(head, out var spec, out bool isInvalid))
        {
            return isInvalid ? ResponseKind.Unsatisfiable : DecideSeveral(head, stored, maxRanges, out range, out multipart);
        }

        range = spec.Resolve(stored.CompleteLength);
        return range is null ? ResponseKind.Unsatisfiable : ResponseKind.Content;
    }

    // What would send more than the object has is answered with the object (B8): more ranges than anybody needs, ranges that together
    // are larger, and part heads that outweigh what they save.
    private static ResponseKind DecideSeveral(
        RequestHead head, StoredResponse stored, int maxRanges, out ByteRange? range, out MultipartByteranges? multipart)
    {
        range = null;
        multipart = null;
        var specs = new RangeSpec[maxRanges];
        if (head.Fields.Count(KnownField.Range) != 1 || !head.Fields.TryGet(KnownField.Range, out var value))
        {
            return ResponseKind.Content;
        }

        var kind = RangeField.TryParse(value, specs, out int count);
        if (kind != RangeFieldKind.Specs)
        {
            // One impossible range among several is as impossible as alone (B4).
            return kind == RangeFieldKind.Invalid416 ? ResponseKind.Unsatisfiable : ResponseKind.Content;
        }

        var ranges = new ByteRange[count];
        int satisfiable = RangeField.Resolve(specs.AsSpan(0, count), stored.CompleteLength, ranges);
        if (satisfiable == 0)
        {
            return ResponseKind.Unsatisfiable;
        }

        if (RangeSet.ExceedsObject(ranges.AsSpan(0, satisfiable), stored.CompleteLength))
        {
            return ResponseKind.Content;
        }

        var parts = RangeSet.Coalesce(ranges.AsSpan(0, satisfiable), MultipartByteranges.UsualPartOverheadBytes);
        if (parts.Length == 1)
        {
            range = parts[0];
            return ResponseKind.Content;
        }

        if (stored.Validator.ContentCoding is not null)
        {
            // A Content-Encoding of the message would be one of the parts with their heads (RFC 9110 §8.4): the object says it alone.
            return ResponseKind.Content;
        }

        var framing = new MultipartByteranges(parts, stored.CompleteLength, stored.ContentType.ToArray());
        if (framing.ContentLength > stored.CompleteLength)
        {
            return ResponseKind.Content;
        }

        multipart = framing;
        return ResponseKind.Multipart;
    }

    /// <summary>The first of the ranges that are asked for, however many; false when there is none that counts.</summary>
    public static bool TryGetFirstRange(RequestHead head, int maxRanges, out RangeSpec range)
    {
        if (TryGetSingleRange(head, out range, out bool isInvalid))
        {
            return true;
        }

        if (isInvalid || head.Fields.Count(KnownField.Range) != 1 || !head.Fields.TryGet(KnownField.Range, out var value))
        {
            return false;
        }

        var specs = new RangeSpec[maxRanges];
        bool hasSeveral = RangeField.TryParse(value, specs, out _) == RangeFieldKind.Specs;
        range = specs[0];
        return hasSeveral;
    }

    /// <summary>
    /// The slice that holds the first byte the client wants; null when only the length can tell, or when it may lie past the end.
    /// </summary>
    public static int? FirstSliceOf(RequestHead head, int maxRanges, SliceGrid grid) =>
        !TryGetFirstRange(head, maxRanges, out var range) ? 0
        : range.IsSuffix || range.First >= grid.MaxCompleteLength ? null
        : grid.IndexOf(range.First);

    /// <summary>
    /// The first range of several that an object of <paramref name="completeLength"/> bytes has bytes of; null when there is none.
    /// </summary>
    public static ByteRange? FirstSatisfiable(RequestHead head, int maxRanges, long completeLength)
    {
        var specs = new RangeSpec[maxRanges];
        if (head.Fields.Count(KnownField.Range) != 1
            || !head.Fields.TryGet(KnownField.Range, out var value)
            || RangeField.TryParse(value, specs, out int count) != RangeFieldKind.Specs)
        {
            return null;
        }

        foreach (var spec in specs.AsSpan(0, count))
        {
            if (spec.Resolve(completeLength) is { } range)
            {
                return range;
            }
        }

        return null;
    }

    /// <summary>The one range that is asked for; false when there is none, or several.</summary>
    /// <param name="head">The request.</param>
    /// <param name="range">The range, when the result is true.</param>
    /// <param name="isInvalid">Whether the field asks for something that no representation has (B4).</param>
    public static bool TryGetSingleRange(RequestHead head, out RangeSpec range, out bool isInvalid)
    {
        range = default;
        isInvalid = false;
        if (head.Fields.Count(KnownField.Range) != 1 || !head.Fields.TryGet(KnownField.Range, out var value))
        {
            return false;
        }

        Span<RangeSpec> specs = stackalloc RangeSpec[2];
        var kind = RangeField.TryParse(value, specs, out int count);
        isInvalid = kind == RangeFieldKind.Invalid416;
        range = specs[0];
        return kind == RangeFieldKind.Specs && count == 1;
    }
}

/// <summary>Kinds of answers to a GET or HEAD of a stored response.</summary>
internal enum ResponseKind
{
    /// <summary>200 with everything, or 206 with one part.</summary>
    Content,

    /// <summary>206 with several parts.</summary>
    Multipart,

    /// <summary>304.</summary>
    NotModified,

    /// <summary>412.</summary>
    PreconditionFailed,

    /// <summary>416.</summary>
    Unsatisfiable,
}
