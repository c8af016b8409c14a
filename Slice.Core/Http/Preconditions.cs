namespace Slice.Core.Http;

/// <summary>
/// Evaluates preconditions against a stored response (B9, B10). RFC 9110 §13.1.1 lets an intermediary leave If-Match and
/// If-Unmodified-Since to the origin; we answer them from the stored response, because the origin will not see the request.
/// </summary>
public static class Preconditions
{
    /// <summary>
    /// Evaluates all but If-Range, in the order of RFC 9110 §13.2.2. A date that cannot be parsed, or stands there twice, is
    /// ignored (§13.1.3, §13.1.4); so is If-Unmodified-Since when the stored response has no Last-Modified,
    /// where If-Modified-Since is compared with Date (RFC 9111 §4.3.2).
    /// </summary>
    /// <param name="fields">The request's fields.</param>
    /// <param name="method">GET or HEAD lead to 304 where other methods lead to 412.</param>
    /// <param name="stored">The stored response; <c>*</c> matches it, whatever its validators.</param>
    /// <param name="now">For dates with a two-digit year.</param>
    public static PreconditionResult Evaluate(FieldTable fields, RequestMethod method, StoredValidators stored, DateTimeOffset now)
    {
        if (fields.Contains(KnownField.IfMatch))
        {
            if (!MatchesAny(fields, KnownField.IfMatch, stored.EntityTag, isStrong: true))
            {
                return PreconditionResult.PreconditionFailed;
            }
        }
        else if (TryGetDate(fields, KnownField.IfUnmodifiedSince, now, out DateTimeOffset unmodifiedSince)
            && stored.LastModified > unmodifiedSince)
        {
            return PreconditionResult.PreconditionFailed;
        }

        bool isRetrieval = method is RequestMethod.Get or RequestMethod.Head;
        if (fields.Contains(KnownField.IfNoneMatch))
        {
            if (MatchesAny(fields, KnownField.IfNoneMatch, stored.EntityTag, isStrong: false))
            {
                return isRetrieval ? PreconditionResult.NotModified : PreconditionResult.PreconditionFailed;
            }
        }
        else if (isRetrieval
            && TryGetDate(fields, KnownField.IfModifiedSince, now, out DateTimeOffset modifiedSince)
            && (stored.LastModified ?? stored.Date) <= modifiedSince)
        {
            return PreconditionResult.NotModified;
        }

        return PreconditionResult.Proceed;
    }

    /// <summary>
    /// Whether Range counts as far as If-Range is concerned (RFC 9110 §13.1.5): true without If-Range; true when its entity tag matches by
    /// strong comparison, or its date equals a strong Last-Modified; false, answer the whole, otherwise. Ask only for a GET with Range.
    /// </summary>
    /// <param name="fields">The request's fields.</param>
    /// <param name="stored">The stored response.</param>
    /// <param name="now">For dates with a two-digit year.</param>
    public static bool AllowsRange(FieldTable fields, StoredValidators stored, DateTimeOffset now)
    {
        if (!fields.TryGet(KnownField.IfRange, out ReadOnlySpan<byte> value))
        {
            return true;
        }

        if (fields.Count(KnownField.IfRange) > 1)
        {
            return false;
        }

        if (EntityTag.TryParse(value, out EntityTag wanted))
        {
            return EntityTag.TryParse(stored.EntityTag, out EntityTag current) && wanted.StrongEquals(current);
        }

        return stored.IsLastModifiedStrong && HttpDate.TryParse(value, now, out DateTimeOffset date) && date == stored.LastModified;
    }

    private static bool MatchesAny(FieldTable fields, KnownField field, ReadOnlySpan<byte> storedTag, bool isStrong)
    {
        bool hasTag = EntityTag.TryParse(storedTag, out EntityTag current);
        for (int index = fields.NextIndex(field, 0); index >= 0; index = fields.NextIndex(field, index + 1))
        {
            ReadOnlySpan<byte> list = fields.ValueAt(index);
            if (list.SequenceEqual("*"u8))
            {
                return true;
            }

            while (hasTag && EntityTag.TryReadNext(ref list, out EntityTag tag))
            {
                if (isStrong ? tag.StrongEquals(current) : tag.WeakEquals(current))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool TryGetDate(FieldTable fields, KnownField field, DateTimeOffset now, out DateTimeOffset date)
    {
        date = default;
        return fields.Count(field) == 1 && fields.TryGet(field, out ReadOnlySpan<byte> value) && HttpDate.TryParse(value, now, out date);
    }
}
