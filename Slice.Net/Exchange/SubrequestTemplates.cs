using System.Text;
using Slice.Core.Http;
using Slice.Core.Origin;

namespace Slice.Net.Exchange;

/// <summary>Makes of a client's request what goes to the origin. Pure.</summary>
internal static class SubrequestTemplates
{
    /// <summary>How we name ourselves in Via and Cache-Status (RFC 9110 §7.6.3: a pseudonym).</summary>
    public const string Pseudonym = "pingora-slice";

    /// <summary>Our line of Via (RFC 9110 §7.6.3) towards clients; for the origin, see <see cref="ProxyIdentity"/>.</summary>
    public static ReadOnlySpan<byte> ViaLine => "Via: 1.1 pingora-slice\r\n"u8;

    /// <summary>
    /// What is fetched with whose answer others may get: the fields that a stranger would send too, and nothing that says who asked (B50).
    /// </summary>
    /// <param name="head">The client's request.</param>
    /// <param name="target">Path and query in normal form: what the answer is stored under (B43).</param>
    /// <param name="host">The host in normal form; empty for the origin's own.</param>
    /// <param name="shared">Which fields go along.</param>
    /// <param name="includesCredentials">Whether Authorization and Cookie go along too (<see cref="AskingAs.Known"/>).</param>
    /// <param name="identity">The field that says who asks; see <see cref="ProxyIdentity.FieldFor"/>.</param>
    /// <param name="passesAcceptEncoding">
    /// Whether the client's coding is asked for: outside the sliced paths. Slices are cut from the identity.
    /// </param>
    public static SubrequestTemplate ForAll(
        RequestHead head, ReadOnlySpan<byte> target, ReadOnlySpan<byte> host, SharedRequestFields shared, bool includesCredentials,
        ForwardedField identity, bool passesAcceptEncoding)
    {
        var fields = Select(
            head,
            identity,
            passesAcceptEncoding,
            (field, index) => shared.Includes(field, head.Fields.NameAt(index))
                || (includesCredentials && SharedRequestFields.IsCredential(field)));
        return new SubrequestTemplate(Encoding.Latin1.GetString(target), host.IsEmpty ? null : Encoding.Latin1.GetString(host), fields)
        {
            PassesAcceptEncoding = passesAcceptEncoding,
            Whence = [.. fields.Select(field => field.Name).Where(shared.SaysWhence)],
        };
    }

    /// <summary>
    /// What a client's own request is fetched with that is cut into slices all the same: every end-to-end field but those that select a
    /// part, a version or a coding, and those that say who the client is.
    /// </summary>
    public static SubrequestTemplate ForOwn(RequestHead head, bool forwardHost, ForwardedField identity)
    {
        var fields = Select(
            head,
            identity,
            passesAcceptEncoding: false,
            (field, index) => SharedRequestFields.GoesWithOwn(field, head.Fields.NameAt(index)));
        return new SubrequestTemplate(TargetOf(head), HostOf(head, forwardHost), fields);
    }

    private static List<ForwardedField> Select(
        RequestHead head, ForwardedField identity, bool passesAcceptEncoding, Func<KnownField, int, bool> isPassedOn)
    {
        var fields = new List<ForwardedField>();
        for (int index = 0; index < head.Fields.LineCount; index++)
        {
            var field = head.Fields.FieldAt(index);
            if ((isPassedOn(field, index) || (passesAcceptEncoding && field == KnownField.AcceptEncoding))
                && !HopByHopFields.IsHopByHop(head.Fields, index))
            {
                fields.Add(FieldAt(head.Fields, index));
            }
        }

        fields.Add(identity);
        return fields;
    }

    private static ForwardedField FieldAt(FieldTable fields, int index) =>
        new(Encoding.Latin1.GetString(fields.NameAt(index)), Encoding.Latin1.GetString(fields.ValueAt(index)));

    private static string TargetOf(RequestHead head) => Encoding.Latin1.GetString(head.PathAndQuery);

    private static string? HostOf(RequestHead head, bool forwardHost) =>
        forwardHost && head.Host.Length > 0 ? Encoding.Latin1.GetString(head.Host) : null;
}
