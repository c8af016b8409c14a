using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Slice.Core.Http;
using Slice.Core.Options;

namespace Slice.Net.Exchange;

/// <summary>
/// Who an instance is for the proxies around it: a name of its own in each request to the origin, by which a request that comes back is
/// recognised (RFC 9110 §7.6, B65). Immutable.
/// </summary>
/// <remarks>
/// The name stands in Via, as the comment of our element. Where Via is left out (<see cref="ViaToOrigin"/>), the name stands in CDN-Loop
/// (RFC 8586), which no server takes for a reason to compress nothing. What clients are sent names no instance.
/// </remarks>
internal sealed class ProxyIdentity
{
    /// <summary>Most instances of this product that one request may have passed. Arbitrary; a chain has two or three.</summary>
    public const int MaxInstances = 16;

    // Enough that two instances of one chain hardly ever have the same.
    private const int IdBytes = 4;
    private const int IdDigits = 2 * IdBytes;

    private static readonly SearchValues<byte> s_hexDigits = SearchValues.Create("0123456789abcdef"u8);

    private readonly byte[] _id;

    /// <summary>An instance of this name.</summary>
    /// <param name="id">Eight hexadecimal digits in lower case.</param>
    public ProxyIdentity(string id)
    {
        (Id, _id) = (id, Encoding.ASCII.GetBytes(id));
        (Via, CdnLoop) = (ViaElement(id), LoopElement(id));
    }

    /// <summary>The name.</summary>
    public string Id { get; }

    /// <summary>Our element of Via towards the origin.</summary>
    public string Via { get; }

    /// <summary>Our element of CDN-Loop, where there is no Via.</summary>
    public string CdnLoop { get; }

    private static ReadOnlySpan<byte> PseudonymBytes => "pingora-slice"u8;

    /// <summary>An instance with a random name.</summary>
    public static ProxyIdentity Create() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)));

    /// <summary>
    /// Whether a request has passed this instance before, or more instances than a chain has: something on the way may drop comments.
    /// </summary>
    public bool IsLoop(FieldTable fields)
    {
        if (!fields.Contains(KnownField.Via) && !fields.Contains(KnownField.CdnLoop))
        {
            return false;
        }

        int instances = 0;
        for (int index = 0; index < fields.LineCount; index++)
        {
            if (fields.FieldAt(index) is KnownField.Via or KnownField.CdnLoop)
            {
                foreach (var element in new ListElements(fields.ValueAt(index)))
                {
                    if (IsInstance(element, out var id) && (++instances > MaxInstances || id.SequenceEqual(_id)))
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    /// <summary>Whether the client's own request goes to the origin with Via, ours and those that stand there already.</summary>
    public static bool SendsVia(FieldTable fields, ViaToOrigin via) => via == ViaToOrigin.Always
        || (via == ViaToOrigin.Auto && (fields.Contains(KnownField.Via) || !AsksForCoding(fields)));

    /// <summary>Whether a client asks for a content coding other than none (RFC 9110 §12.5.3).</summary>
    public static bool AsksForCoding(FieldTable fields)
    {
        for (int line = fields.NextIndex(KnownField.AcceptEncoding, 0);
             line >= 0;
             line = fields.NextIndex(KnownField.AcceptEncoding, line + 1))
        {
            var value = fields.ValueAt(line);
            if (!value.IsEmpty && !Ascii.EqualsIgnoreCase(value, "identity"u8))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The field of a request of ours: this instance behind those that the client's request has passed. Of other proxies nothing: the
    /// answer is for others too, and they came another way.
    /// </summary>
    public ForwardedField FieldFor(FieldTable fields, bool inVia) =>
        new(inVia ? "Via" : "CDN-Loop", Behind(fields, inVia, inCdnLoop: true));

    /// <summary>CDN-Loop of a client's own request without Via. Lines of CDN-Loop that the request has go along by themselves.</summary>
    public string LoopBehindVia(FieldTable fields) => Behind(fields, inVia: false, inCdnLoop: false);

    private string Behind(FieldTable fields, bool inVia, bool inCdnLoop)
    {
        string own = inVia ? Via : CdnLoop;
        if (!fields.Contains(KnownField.Via) && !(inCdnLoop && fields.Contains(KnownField.CdnLoop)))
        {
            return own;
        }

        var list = new StringBuilder();
        for (int index = 0; index < fields.LineCount; index++)
        {
            var field = fields.FieldAt(index);
            if (field == KnownField.Via || (inCdnLoop && field == KnownField.CdnLoop))
            {
                foreach (var element in new ListElements(fields.ValueAt(index)))
                {
                    if (IsInstance(element, out var id))
                    {
                        string name = Encoding.ASCII.GetString(id);
                        list.Append(inVia ? ViaElement(name) : LoopElement(name)).Append(", ");
                    }
                }
            }
        }

        return list.Append(own).ToString();
    }

    private static string ViaElement(string id) =>
        id.Length == 0 ? $"1.1 {SubrequestTemplates.Pseudonym}" : $"1.1 {SubrequestTemplates.Pseudonym} ({id})";

    private static string LoopElement(string id) =>
        id.Length == 0 ? SubrequestTemplates.Pseudonym : $"{SubrequestTemplates.Pseudonym};id={id}";

    // "1.1 pingora-slice (1a2b3c4d)" of Via, "pingora-slice;id=1a2b3c4d" of CDN-Loop, or either without the name; the name is empty then.
    private static bool IsInstance(ReadOnlySpan<byte> element, out ReadOnlySpan<byte> id)
    {
        id = default;
        int at = element.IndexOf(PseudonymBytes);
        if (at < 0 || (at > 0 && element[at - 1] is not ((byte)' ' or (byte)'\t')))
        {
            return false;
        }

        var rest = element[(at + PseudonymBytes.Length)..];
        if (!rest.IsEmpty && rest[0] is not ((byte)' ' or (byte)'\t' or (byte)';' or (byte)'('))
        {
            return false;
        }

        int digits = rest.IndexOfAny((byte)'(', (byte)'=') + 1;
        if (digits > 0 && rest.Length >= digits + IdDigits && !rest.Slice(digits, IdDigits).ContainsAnyExcept(s_hexDigits))
        {
            id = rest.Slice(digits, IdDigits);
        }

        return true;
    }
}
