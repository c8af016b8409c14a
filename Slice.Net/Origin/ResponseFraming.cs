using System.Net.Http.Headers;

namespace Slice.Net.Origin;

/// <summary>How the body of an origin's response is delimited (RFC 9112 §6.3). The pool is lenient where two readers could differ. Pure.</summary>
internal static class ResponseFraming
{
    /// <summary>
    /// Whether the framing says one thing only: a transfer coding is exactly <c>chunked</c>, as we asked for no other, and every
    /// Content-Length states the same number. Anything else is refused with 502, as a proxy must.
    /// </summary>
    public static bool IsValid(HttpResponseMessage response) =>
        HasKnownCoding(response.Headers.NonValidated) && HasOneLength(response.Content.Headers);

    /// <summary>Bytes of the body by Content-Length, or -1. A chunked body has none: what the field states then means nothing.</summary>
    public static long LengthOf(HttpResponseMessage response) =>
        response.Headers.TransferEncodingChunked == true ? -1 : response.Content.Headers.ContentLength ?? -1;

    private static bool HasKnownCoding(HttpHeadersNonValidated fields) =>
        !fields.TryGetValues("Transfer-Encoding", out var codings)
        || (codings.Count == 1 && codings.ToString().Equals("chunked", StringComparison.OrdinalIgnoreCase));

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
