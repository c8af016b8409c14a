using System.Text;

namespace Slice.Core.Http;

/// <summary>
/// What the fields of a head say about the end of the body and the life of the connection, in both directions (RFC 9112 §6.3, §9.3). Pure.
/// </summary>
internal static class MessageFraming
{
    /// <summary>
    /// Derives length and coding, and writes them into the head; with <see cref="FramingFault.RepeatedContentLength"/> and
    /// <see cref="FramingFault.ContentLengthWithTransferEncoding"/>, too. Without either field nothing is written: a request has no body
    /// then, and a response ends with the connection.
    /// </summary>
    public static FramingFault Derive(MessageHead head)
    {
        FieldTable fields = head.Fields;
        bool hasLength = fields.Contains(KnownField.ContentLength);
        if (fields.Contains(KnownField.TransferEncoding))
        {
            head.SetFraming(-1, isChunked: true);
            return hasLength ? FramingFault.ContentLengthWithTransferEncoding : DeriveCoding(head);
        }

        if (!hasLength)
        {
            return FramingFault.None;
        }

        FramingFault fault = ReadContentLength(fields, out long contentLength);
        if (fault is FramingFault.None or FramingFault.RepeatedContentLength)
        {
            head.SetFraming(contentLength, isChunked: false);
        }

        return fault;
    }

    /// <summary>What Transfer-Encoding, which is there, says by itself.</summary>
    public static FramingFault DeriveCoding(MessageHead head) =>
        head.MinorVersion == 0 ? FramingFault.TransferEncodingInHttp10 : CheckTransferEncoding(head.Fields);

    /// <summary>
    /// Whether the sender keeps the connection. RFC 9112 §9.3: close wins over keep-alive, and only HTTP/1.0 needs the latter.
    /// </summary>
    public static bool IsPersistent(MessageHead head)
    {
        bool keepAlive = head.MinorVersion >= 1;
        FieldTable fields = head.Fields;
        for (int index = fields.NextIndex(KnownField.Connection, 0); index >= 0; index = fields.NextIndex(KnownField.Connection, index + 1))
        {
            foreach (ReadOnlySpan<byte> option in new ListElements(fields.ValueAt(index)))
            {
                if (option.Length == "close".Length && Ascii.EqualsIgnoreCase(option, "close"u8))
                {
                    return false;
                }

                keepAlive = keepAlive || Ascii.EqualsIgnoreCase(option, "keep-alive"u8);
            }
        }

        return keepAlive;
    }

    private static FramingFault ReadContentLength(FieldTable fields, out long contentLength)
    {
        fields.TryGet(KnownField.ContentLength, out ReadOnlySpan<byte> value);
        if (fields.Count(KnownField.ContentLength) > 1 || value.Contains((byte)','))
        {
            return ReadRepeatedContentLength(fields, out contentLength);
        }

        return DecimalDigits.TryParse(value, out contentLength) ? FramingFault.None : FramingFault.InvalidContentLength;
    }

    // Members are compared by their bytes: to one reader 010 is ten, to another eight. An empty member differs from any other.
    private static FramingFault ReadRepeatedContentLength(FieldTable fields, out long contentLength)
    {
        contentLength = -1;
        ReadOnlySpan<byte> first = default;
        bool hasFirst = false;
        for (int index = fields.NextIndex(KnownField.ContentLength, 0);
             index >= 0;
             index = fields.NextIndex(KnownField.ContentLength, index + 1))
        {
            ReadOnlySpan<byte> rest = fields.ValueAt(index);
            for (int comma = 0; comma >= 0; rest = rest[(comma + 1)..])
            {
                comma = rest.IndexOf((byte)',');
                ReadOnlySpan<byte> member = FieldSyntax.TrimWhitespace(comma < 0 ? rest : rest[..comma]);
                first = hasFirst ? first : member;
                hasFirst = true;
                if (!member.SequenceEqual(first))
                {
                    return FramingFault.DifferingContentLengths;
                }
            }
        }

        return DecimalDigits.TryParse(first, out contentLength) ? FramingFault.RepeatedContentLength : FramingFault.InvalidContentLength;
    }

    // Only one line saying exactly "chunked" is accepted. Codings below a final chunked frame the body well enough to say so (§6.1); with
    // anything else at the end nobody knows where the body ends (§6.3).
    private static FramingFault CheckTransferEncoding(FieldTable fields)
    {
        int firstIndex = fields.NextIndex(KnownField.TransferEncoding, 0);
        if (fields.Count(KnownField.TransferEncoding) == 1 && IsChunked(fields.ValueAt(firstIndex)))
        {
            return FramingFault.None;
        }

        int codings = 0;
        int chunked = 0;
        bool isLastChunked = false;
        for (int index = firstIndex; index >= 0; index = fields.NextIndex(KnownField.TransferEncoding, index + 1))
        {
            foreach (ReadOnlySpan<byte> coding in new ListElements(fields.ValueAt(index)))
            {
                isLastChunked = IsChunked(coding);
                chunked += isLastChunked ? 1 : 0;
                codings++;
            }
        }

        return isLastChunked && chunked == 1 && codings > 1
            ? FramingFault.UnsupportedTransferCoding
            : FramingFault.InvalidTransferEncoding;
    }

    private static bool IsChunked(ReadOnlySpan<byte> coding) => Ascii.EqualsIgnoreCase(coding, "chunked"u8);
}
