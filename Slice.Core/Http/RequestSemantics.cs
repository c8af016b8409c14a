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

    // Stricter than RFC 9112 §6.3 asks: a Content-Length that is stated twice is refused even when both are the same.
    private static RequestRejection DeriveFraming(RequestHead head) => MessageFraming.Derive(head) switch
    {
        FramingFault.None => RequestRejection.None,
        FramingFault.InvalidContentLength => RequestRejection.InvalidContentLength,
        FramingFault.DifferingContentLengths or FramingFault.RepeatedContentLength => RequestRejection.RepeatedContentLength,
        FramingFault.ContentLengthWithTransferEncoding => RequestRejection.ContentLengthWithTransferEncoding,
        FramingFault.UnsupportedTransferCoding => RequestRejection.UnsupportedTransferCoding,
        FramingFault.TransferEncodingInHttp10 => RequestRejection.TransferEncodingInHttp10,
        _ => RequestRejection.InvalidTransferEncoding,
    };

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

        head.SetKeepAlive(MessageFraming.IsPersistent(head));
        head.SetExpectation(expectsContinue);
        return RequestRejection.None;
    }
}
