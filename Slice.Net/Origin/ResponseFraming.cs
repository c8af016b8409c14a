using System.Buffers;
using System.Net.Http.Headers;

namespace Slice.Net.Origin;

/// <summary>
/// What of an origin's response must not be passed on: framing that says two things (RFC 9112 §6.3), a status that is none, a reason
/// phrase that another recipient could take for more than one line. The pool is lenient where two readers could differ. Pure.
/// </summary>
internal static class ResponseFraming
{
    // RFC 9110 §5.5: recipients differ about what they mean. In field values the pool puts spaces in their place.
    private static readonly SearchValues<char> s_lineBreakers = SearchValues.Create("\r\n\0");

    /// <summary>
    /// Why the response is refused with 502, or null. Framing says one thing only: a transfer coding is exactly <c>chunked</c>, as we asked
    /// for no other, in HTTP/1.1, and every Content-Length states the same number. The status is final, or 101 when we asked for it.
    /// </summary>
    public static string? FindFault(HttpResponseMessage response, bool isUpgrade)
    {
        int status = (int)response.StatusCode;
        if (status < 200 && !(isUpgrade && status == 101))
        {
            return $"status {status} is not final";
        }

        if (!HasKnownCoding(response) || !HasOneLength(response.Content.Headers))
        {
            return "ambiguous body framing";
        }

        return response.ReasonPhrase.AsSpan().ContainsAny(s_lineBreakers) ? "NUL in the reason phrase" : null;
    }

    /// <summary>Bytes of the body by Content-Length, or -1. A chunked body has none: what the field states then means nothing.</summary>
    public static long LengthOf(HttpResponseMessage response) =>
        response.Headers.TransferEncodingChunked == true ? -1 : response.Content.Headers.ContentLength ?? -1;

    // RFC 9112 §6.1: HTTP/1.0 knows no transfer codings; the framing of such a message is faulty.
    private static bool HasKnownCoding(HttpResponseMessage response) =>
        !response.Headers.NonValidated.TryGetValues("Transfer-Encoding", out var codings)
        || (codings.Count == 1 && codings.ToString().Equals("chunked", StringComparison.OrdinalIgnoreCase) && response.Version.Minor != 0);

    private static bool HasOneLength(HttpContentHeaders fields)
    {
        if (!fields.NonValidated.TryGetValues("Content-Length", out var lengths))
        {
            return true;
        }

        string? first = null;
        foreach (string length in lengths)
        {
            first ??= length;
            if (length != first)
            {
                return false;
            }
        }

        return fields.ContentLength is not null;
    }
}
