using System.Text;

namespace Slice.Core.Http;

/// <summary>
/// What the fields of a head say together, and the rules that no single line can break: Host, framing, expectation, persistence.
/// </summary>
internal static class RequestSemantics
{
    /// <summary>Judges a head whose lines are all parsed, and fills in what is derived from them.</summary>
    public static RequestRejection Derive(RequestHead head)
    {
        RequestRejection rejection = CheckHost(head);
        if (rejection == RequestRejection.None)
        {
            rejection = DeriveFraming(head);
        }

        return rejection == RequestRejection.None ? DeriveConnection(head) : rejection;
    }

    // RFC 9112 §3.2: a Host is required in HTTP/1.1 even when an absolute-form target overrides it.
    private static RequestRejection CheckHost(RequestHead head)
    {
        int index = head.Fields.NextIndex(KnownField.Host, 0);
        if (index < 0)
        {
            return head.MinorVersion == 0 ? RequestRejection.None : RequestRejection.MissingHost;
        }

        if (head.Fields.Count(KnownField.Host) > 1)
        {
            return RequestRejection.RepeatedHost;
        }

        head.SetHostIndex(index);
        return HostSyntax.IsValid(head.Fields.ValueAt(index), out _) ? RequestRejection.None : RequestRejection.InvalidHost;
    }

    // RFC 9112 §6.3. Without either field there is no body, whatever the method.
    private static RequestRejection DeriveFraming(RequestHead head)
    {
        bool hasLength = head.Fields.TryGet(KnownField.ContentLength, out ReadOnlySpan<byte> length);
        if (head.Fields.Contains(KnownField.TransferEncoding))
        {
            if (hasLength)
            {
                return RequestRejection.ContentLengthWithTransferEncoding;
            }

            head.SetFraming(-1, isChunked: true);
            return head.MinorVersion == 0 ? RequestRejection.TransferEncodingInHttp10 : CheckTransferEncoding(head.Fields);
        }

        if (!hasLength)
        {
            return RequestRejection.None;
        }

        if (head.Fields.Count(KnownField.ContentLength) > 1 || length.Contains((byte)','))
        {
            return RequestRejection.RepeatedContentLength;
        }

        if (!DecimalDigits.TryParse(length, out long contentLength))
        {
            return RequestRejection.InvalidContentLength;
        }

        head.SetFraming(contentLength, isChunked: false);
        return RequestRejection.None;
    }

    // Only one line saying exactly "chunked" is accepted. Codings below a final chunked frame the body well enough to say 501 (§6.1);
    // with anything else at the end nobody knows where the body ends (§6.3).
    private static RequestRejection CheckTransferEncoding(FieldTable fields)
    {
        int lastIndex = fields.NextIndex(KnownField.TransferEncoding, 0);
        if (fields.Count(KnownField.TransferEncoding) == 1 && IsChunked(fields.ValueAt(lastIndex)))
        {
            return RequestRejection.None;
        }

        int codings = 0;
        int chunked = 0;
        bool isLastChunked = false;
        for (int index = lastIndex; index >= 0; index = fields.NextIndex(KnownField.TransferEncoding, index + 1))
        {
            foreach (ReadOnlySpan<byte> coding in new ListElements(fields.ValueAt(index)))
            {
                isLastChunked = IsChunked(coding);
                chunked += isLastChunked ? 1 : 0;
                codings++;
            }
        }

        return isLastChunked && chunked == 1 && codings > 1
            ? RequestRejection.UnsupportedTransferCoding
            : RequestRejection.InvalidTransferEncoding;
    }

    private static bool IsChunked(ReadOnlySpan<byte> coding) => Ascii.EqualsIgnoreCase(coding, "chunked"u8);

    private static RequestRejection DeriveConnection(RequestHead head)
    {
        bool expectsContinue = false;
        for (int index = head.Fields.NextIndex(KnownField.Expect, 0);
             index >= 0;
             index = head.Fields.NextIndex(KnownField.Expect, index + 1))
        {
            if (!Ascii.EqualsIgnoreCase(head.Fields.ValueAt(index), "100-continue"u8))
            {
                return RequestRejection.UnsupportedExpectation;
            }

            expectsContinue = head.HasBody && head.MinorVersion >= 1;
        }

        head.SetConnection(IsPersistent(head), expectsContinue);
        return RequestRejection.None;
    }

    // RFC 9112 §9.3: close wins over keep-alive, and only HTTP/1.0 needs the latter.
    private static bool IsPersistent(RequestHead head)
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
}
