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
    /// <param name="range">With <see cref="ResponseKind.Content"/>: the part to send, null for all of it.</param>
    public static ResponseKind Decide(RequestHead head, StoredResponse stored, DateTimeOffset now, out ByteRange? range)
    {
        range = null;
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
        if (head.Method != RequestMethod.Get || !head.Fields.Contains(KnownField.Range) || !Preconditions.AllowsRange(head.Fields, validators, now))
        {
            return ResponseKind.Content;
        }

        if (!TryGetSingleRange(head, out var spec, out bool isInvalid))
        {
            return isInvalid ? ResponseKind.Unsatisfiable : ResponseKind.Content;
        }

        range = spec.Resolve(stored.CompleteLength);
        return range is null ? ResponseKind.Unsatisfiable : ResponseKind.Content;
    }

    /// <summary>
    /// The one range that is asked for. One range is answered 206; several are answered 200 with everything, which RFC 9110 §14.2 leaves
    /// to the server.
    /// </summary>
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

    /// <summary>304.</summary>
    NotModified,

    /// <summary>412.</summary>
    PreconditionFailed,

    /// <summary>416.</summary>
    Unsatisfiable,
}
