using System.Globalization;
using System.Text;
using Slice.Core.Http;
using Slice.Core.Ranges;

namespace Slice.Core.Origin;

/// <summary>
/// Decides whether a 206 is the part that was asked for (RFC 9110 §15.3.7, B16, B17). Everything that could put a byte in
/// the wrong place is refused. Pure.
/// </summary>
public static class PartialResponseCheck
{
    /// <summary>Checks a 206 against the range asked for. A part that ends early is accepted: the rest is asked for again.</summary>
    public static bool TryAccept(OriginResponse response, ByteRange asked, out CheckedPart part, out Failure failure)
    {
        part = default;
        failure = default;
        string? contentRange = response.FindSingle("Content-Range");
        if (contentRange is null)
        {
            return Refuse("206 without exactly one Content-Range", out failure);
        }

        var parsed = ContentRangeField.Parse(Encoding.Latin1.GetBytes(contentRange));
        if (parsed.Kind is not (ContentRangeKind.Range or ContentRangeKind.RangeOfUnknownLength))
        {
            return Refuse($"206 with Content-Range '{contentRange}'", out failure);
        }

        if (parsed.Range.Start != asked.Start || parsed.Range.End > asked.End)
        {
            return Refuse($"asked for bytes {asked.Start}-{asked.End - 1}, got Content-Range '{contentRange}'", out failure);
        }

        if (response.ContentLength >= 0 && response.ContentLength != parsed.Range.Length)
        {
            return Refuse($"Content-Range '{contentRange}' with Content-Length {response.ContentLength}", out failure);
        }

        // Its body holds part heads besides the bytes. It must not have a Content-Range (RFC 9110 §15.3.7.2), and we asked for one range.
        if (response.FindCombined("Content-Type") is { } type
            && type.StartsWith("multipart/byteranges", StringComparison.OrdinalIgnoreCase))
        {
            return Refuse($"206 with Content-Type '{type}' though one range was asked for", out failure);
        }

        part = new CheckedPart(parsed.Range, parsed.Kind == ContentRangeKind.Range ? parsed.CompleteLength : -1);
        return true;
    }

    /// <summary>
    /// Checks whatever status came in answer to a range of a version we know: 206 with the right part of the same version, or
    /// 200 where the range covers all of it (B13), or that says which part it is. Anything else is a failure that says what to do;
    /// <see cref="FetchError.RangeIgnored"/> that the body has the range among all the others.
    /// </summary>
    /// <param name="response">The answer.</param>
    /// <param name="asked">The range.</param>
    /// <param name="pinned">The version.</param>
    /// <param name="comparedBy">What the operator goes by when versions are compared.</param>
    /// <param name="part">The bytes that the answer has.</param>
    public static Failure CheckPinned(
        OriginResponse response, ByteRange asked, Validator pinned, ValidatorStrength comparedBy, out ByteRange part)
    {
        part = default;
        switch (response.Status)
        {
            case 206:
                if (!TryAccept(response, asked, out var accepted, out var failure))
                {
                    return failure;
                }

                part = accepted.Part;
                long completeLength = accepted.CompleteLength < 0 ? pinned.CompleteLength : accepted.CompleteLength;
                return SameVersion(ValidatorOf(response, completeLength), pinned, comparedBy);

            case 200 when asked.Start == 0 && response.ContentLength == pinned.CompleteLength && asked.End == pinned.CompleteLength:
                // The range covers the whole object: some origins then answer 200 (B13).
                part = asked;
                return SameVersion(ValidatorOf(response, response.ContentLength), pinned, comparedBy);

            case 200 when IsPart(response):
                return CheckPartOf200(response, asked, pinned, comparedBy, out part);

            case 200:
                return CheckWhole(response, pinned, comparedBy);

            case 412 or 416:
                return new Failure(FetchError.ObjectChanged, $"status {response.Status} in answer to a pinned range")
                {
                    Status = response.Status,
                };

            case var status when MayPass(status):
                return ServerError(response);

            default:
                // A 5xx that will not pass, 501 or 505, finds fault with the request and says nothing of the object (B52).
                bool isRefusal = FetchErrors.DependsOnWhoAsks(response.Status) || response.Status >= 500;
                return new Failure(
                    isRefusal ? FetchError.OriginRefused : FetchError.UnexpectedStatus,
                    $"status {response.Status} inside the object")
                {
                    Status = response.Status,
                };
        }
    }

    /// <summary>
    /// Whether a 200 says by Content-Range that its body is a part of a larger object, and the body has the length of that part: a part
    /// with a wrong status, which must not pass for the whole (B17). A Content-Range that does not fit the body says nothing.
    /// </summary>
    public static bool IsPart(OriginResponse response)
    {
        if (response.Status != 200 || response.FindSingle("Content-Range") is not { } contentRange)
        {
            return false;
        }

        var stated = ContentRangeField.Parse(Encoding.Latin1.GetBytes(contentRange));
        return stated.Kind is ContentRangeKind.Range or ContentRangeKind.RangeOfUnknownLength
            && stated.Range.Length == response.ContentLength
            && (stated.CompleteLength < 0 || stated.CompleteLength > stated.Range.Length);
    }

    /// <summary>
    /// Checks a 200 that holds the whole object against the version we know: <see cref="FetchError.RangeIgnored"/> when it is of that
    /// version (B60). Where it does not say how long it is, only its end tells.
    /// </summary>
    /// <param name="response">The answer.</param>
    /// <param name="pinned">The version.</param>
    /// <param name="comparedBy">What the operator goes by when versions are compared.</param>
    public static Failure CheckWhole(OriginResponse response, Validator pinned, ValidatorStrength comparedBy)
    {
        bool isLengthOpen = response.ContentLength < 0 && comparedBy != ValidatorStrength.Length;
        var current = ValidatorOf(response, isLengthOpen ? pinned.CompleteLength : response.ContentLength);
        return !current.IsProof(comparedBy) ? new Failure(FetchError.UnexpectedStatus, "200 without a validator in answer to a range")
            : current.IsSameVersion(pinned, comparedBy)
            ? new Failure(FetchError.RangeIgnored, "200 with the whole object in answer to a range")
            : new Failure(FetchError.ObjectChanged, "200 with another validator in answer to a range");
    }

    /// <summary>Whether a status tells of a trouble that may pass, so that the same request is worth another try.</summary>
    public static bool MayPass(int status) => status is 429 or 500 or 502 or 503 or 504;

    /// <summary>The failure of a status that may pass: 429 and 5xx, with the wait that the origin asks for.</summary>
    public static Failure ServerError(OriginResponse response) => new(FetchError.OriginServerError, $"status {response.Status}")
    {
        Status = response.Status,
        RetryAfter = RetryAfterOf(response),
    };

    /// <summary>The validators that the response states, with the length the caller has found.</summary>
    public static Validator ValidatorOf(OriginResponse response, long completeLength) =>
        new(response.FindSingle("ETag"), response.FindSingle("Last-Modified"), completeLength) { ContentCoding = CodingOf(response) };

    /// <summary>
    /// Whether the body is coded. We ask for <c>identity</c> where objects are cut; what is stored coded comes coded all the same.
    /// </summary>
    public static bool HasContentCoding(OriginResponse response) => CodingOf(response) is not null;

    // RFC 9110 §10.2.3. A date counts from the answer's own: the origin's clock says what the origin means.
    private static TimeSpan? RetryAfterOf(OriginResponse response)
    {
        if (response.FindSingle("Retry-After") is not { Length: > 0 } value)
        {
            return null;
        }

        if (!value.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            // More seconds than fit are as good as for ever.
            return TimeSpan.FromSeconds(int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)
                ? seconds
                : int.MaxValue);
        }

        return response.FindSingle("Date") is { } date
            && HttpDate.TryParse(date, default, out var sent)
            && HttpDate.TryParse(value, sent, out var then)
            ? then > sent ? then - sent : TimeSpan.Zero
            : null;
    }

    private static string? CodingOf(OriginResponse response) => Validator.CodingOf(response.FindCombined("Content-Encoding"));

    // B17: a part with the wrong status, of a version that is known. Its Content-Range and its length say which part, as those of a 206 do.
    private static Failure CheckPartOf200(
        OriginResponse response, ByteRange asked, Validator pinned, ValidatorStrength comparedBy, out ByteRange part)
    {
        part = default;
        var stated = ContentRangeField.Parse(Encoding.Latin1.GetBytes(response.FindSingle("Content-Range")!));
        if (stated.Range.Start != asked.Start || stated.Range.End > asked.End)
        {
            return new Failure(FetchError.UnusablePartialResponse, $"200 with Content-Range '{response.FindSingle("Content-Range")}'");
        }

        part = stated.Range;
        long completeLength = stated.CompleteLength < 0 ? pinned.CompleteLength : stated.CompleteLength;
        return SameVersion(ValidatorOf(response, completeLength), pinned, comparedBy);
    }

    private static bool Refuse(string detail, out Failure failure)
    {
        failure = new Failure(FetchError.UnusablePartialResponse, detail);
        return false;
    }

    private static Failure SameVersion(Validator received, Validator pinned, ValidatorStrength comparedBy) =>
        received.IsSameVersion(pinned, comparedBy)
            ? Failure.None
            : new Failure(FetchError.ObjectChanged, $"had {pinned}, got {received}");
}
