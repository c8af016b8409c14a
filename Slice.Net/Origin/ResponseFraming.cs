using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Slice.Core.Http;

namespace Slice.Net.Origin;

/// <summary>
/// What of an origin's response must not be passed on: framing that says two things (RFC 9112 §6.3), a status that is none, a reason
/// phrase that another recipient could take for more than one line. The pool is lenient where two readers could differ. Pure.
/// </summary>
/// <remarks>
/// The rules are those of <see cref="ResponseHeadParser"/>, which gets to see again what the pool has read of the framing unless that is
/// plainly good. Two things are the pool's: it takes Transfer-Encoding where both framings are stated, and a list of lengths for none.
/// </remarks>
internal static class ResponseFraming
{
    // RFC 9110 §5.5: recipients differ about what they mean. In field values the pool puts spaces in their place.
    private static readonly SearchValues<char> s_lineBreakers = SearchValues.Create("\r\n\0");

    /// <summary>
    /// Why the response is refused with 502, or <see cref="ResponseFault.None"/>. Framing says one thing only: a transfer coding is exactly
    /// <c>chunked</c>, as we asked for no other, in HTTP/1.1, and every Content-Length states the same number. The status is final.
    /// </summary>
    public static ResponseFault FindFault(HttpResponseMessage response)
    {
        int status = (int)response.StatusCode;
        if (status < 200)
        {
            // Of interim responses the pool shows 101 alone.
            return status < 100 ? ResponseFault.InvalidStatusCode : ResponseFault.UnrequestedUpgrade;
        }

        ResponseFault fault = FindFramingFault(response);
        if (fault != ResponseFault.None)
        {
            return fault;
        }

        return response.ReasonPhrase.AsSpan().ContainsAny(s_lineBreakers) ? ResponseFault.ControlCharacter : ResponseFault.None;
    }

    /// <summary>Bytes of the body by Content-Length, or -1. A chunked body has none: what the field states then means nothing.</summary>
    public static long LengthOf(HttpResponseMessage response) =>
        response.Headers.TransferEncodingChunked == true ? -1 : response.Content.Headers.ContentLength ?? -1;

    private static ResponseFault FindFramingFault(HttpResponseMessage response)
    {
        HttpContentHeaders fields = response.Content.Headers;
        if (response.Headers.NonValidated.TryGetValues("Transfer-Encoding", out var codings))
        {
            bool isGood = codings.Count == 1 && response.Version.Minor != 0
                && codings.ToString().Equals("chunked", StringComparison.OrdinalIgnoreCase);
            return isGood ? ResponseFault.None : Judge(response, "Transfer-Encoding", codings);
        }

        if (!fields.NonValidated.TryGetValues("Content-Length", out var lengths)
            || (lengths.Count == 1 && fields.ContentLength is not null))
        {
            return ResponseFault.None;
        }

        ResponseFault fault = Judge(response, "Content-Length", lengths);
        return fault == ResponseFault.None && fields.ContentLength is null ? ResponseFault.InvalidContentLength : fault;
    }

    private static ResponseFault Judge(HttpResponseMessage response, string name, HeaderStringValues values)
    {
        var lines = new StringBuilder();
        lines.Append(CultureInfo.InvariantCulture, $"HTTP/1.{response.Version.Minor} 200\r\n");
        foreach (string value in values)
        {
            lines.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        byte[] head = Encoding.Latin1.GetBytes(lines.Append("\r\n").ToString());
        var parser = new ResponseHeadParser(new ResponseHeadLimits(HeadBytes: head.Length));
        var parsed = new ResponseHead();
        parser.Parse(new ReadOnlySequence<byte>(head), parsed, out _, out _, out ResponseFault fault);
        parsed.Reset();
        return fault;
    }
}
