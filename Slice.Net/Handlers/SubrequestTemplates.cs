using System.Net;
using System.Text;
using Slice.Core.Fetching;
using Slice.Core.Http;

namespace Slice.Net.Handlers;

/// <summary>Makes of a client's request what goes to the origin. Pure.</summary>
internal static class SubrequestTemplates
{
    /// <summary>How we name ourselves in Via and Cache-Status (RFC 9110 §7.6.3: a pseudonym).</summary>
    public const string Pseudonym = "pingora-slice";

    private const string ViaValue = "1.1 " + Pseudonym;

    /// <summary>
    /// What slices are fetched with: end-to-end fields, without those that select a part or a version (we set our own), a
    /// coding (slices are cut from the identity), or one client among the many that share the slice.
    /// </summary>
    public static SubrequestTemplate ForSlices(RequestHead head, bool forwardHost)
    {
        var fields = new List<ForwardedField>();
        for (int index = 0; index < head.Fields.LineCount; index++)
        {
            if (!HopByHopFields.IsHopByHop(head.Fields, index) && IsForSlices(head.Fields.FieldAt(index)))
            {
                fields.Add(FieldAt(head.Fields, index));
            }
        }

        fields.Add(new ForwardedField("Via", ViaValue));
        return new SubrequestTemplate(TargetOf(head), HostOf(head, forwardHost), fields);
    }

    /// <summary>What a request is passed through with: all end-to-end fields, and who it comes from.</summary>
    public static SubrequestTemplate ForPassThrough(RequestHead head, bool forwardHost, EndPoint? client)
    {
        var fields = new List<ForwardedField>();
        string forwardedFor = "";
        for (int index = 0; index < head.Fields.LineCount; index++)
        {
            if (HopByHopFields.IsHopByHop(head.Fields, index))
            {
                continue;
            }

            switch (head.Fields.FieldAt(index))
            {
                case KnownField.Host or KnownField.Expect or KnownField.XForwardedHost or KnownField.XForwardedProto:
                    break;
                case KnownField.ContentLength or KnownField.TransferEncoding:
                    break;
                case KnownField.XForwardedFor:
                    forwardedFor += FieldAt(head.Fields, index).Value + ", ";
                    break;
                default:
                    fields.Add(FieldAt(head.Fields, index));
                    break;
            }
        }

        if (client is IPEndPoint { Address: var address })
        {
            fields.Add(new ForwardedField("X-Forwarded-For", forwardedFor + (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)));
        }

        fields.Add(new ForwardedField("X-Forwarded-Proto", "http"));
        fields.Add(new ForwardedField("X-Forwarded-Host", Encoding.Latin1.GetString(head.Host)));
        fields.Add(new ForwardedField("Via", ViaValue));
        return new SubrequestTemplate(TargetOf(head), HostOf(head, forwardHost), fields);
    }

    private static bool IsForSlices(KnownField field) => field is not (
        KnownField.Host or KnownField.ContentLength or KnownField.TransferEncoding or KnownField.Expect
        or KnownField.Range or KnownField.IfRange or KnownField.IfMatch or KnownField.IfNoneMatch
        or KnownField.IfModifiedSince or KnownField.IfUnmodifiedSince or KnownField.AcceptEncoding
        or KnownField.CacheControl or KnownField.Pragma or KnownField.Forwarded
        or KnownField.XForwardedFor or KnownField.XForwardedHost or KnownField.XForwardedProto);

    private static ForwardedField FieldAt(FieldTable fields, int index) =>
        new(Encoding.Latin1.GetString(fields.NameAt(index)), Encoding.Latin1.GetString(fields.ValueAt(index)));

    private static string TargetOf(RequestHead head) => Encoding.Latin1.GetString(head.Target.PathAndQuery);

    private static string? HostOf(RequestHead head, bool forwardHost) =>
        forwardHost && head.Host.Length > 0 ? Encoding.Latin1.GetString(head.Host) : null;
}
