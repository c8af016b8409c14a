using System.Runtime.CompilerServices;
using System.Text;

namespace Slice.Core.Http;

/// <summary>Recognises field names by their bytes, without regard to case (RFC 9110 §5.1).</summary>
public static class KnownFields
{
    /// <summary>
    /// The field called <paramref name="name"/>, else <see cref="KnownField.Other"/>. The length leaves at most four candidates.
    /// A name that is found is a valid token; one that is not found may be anything.
    /// </summary>
    public static KnownField Find(ReadOnlySpan<byte> name)
    {
        switch (name.Length)
        {
            case 2:
                return Match(name, "TE"u8, KnownField.Te);
            case 3:
                return Match(name, "Via"u8, KnownField.Via);
            case 4:
                return Match(name, "Host"u8, KnownField.Host);
            case 5:
                return Match(name, "Range"u8, KnownField.Range);
            case 6:
                return (name[0] | 0x20) switch
                {
                    'p' => Match(name, "Pragma"u8, KnownField.Pragma),
                    'e' => Match(name, "Expect"u8, KnownField.Expect),
                    'c' => Match(name, "Cookie"u8, KnownField.Cookie),
                    'a' => Match(name, "Accept"u8, KnownField.Accept),
                    _ => KnownField.Other,
                };
            case 7:
                return (name[0] | 0x20) switch
                {
                    'u' => Match(name, "Upgrade"u8, KnownField.Upgrade),
                    't' => Match(name, "Trailer"u8, KnownField.Trailer),
                    _ => KnownField.Other,
                };
            case 8:
                return (name[3] | 0x20) switch
                {
                    '-' => Match(name, "CDN-Loop"u8, KnownField.CdnLoop),
                    'r' => Match(name, "If-Range"u8, KnownField.IfRange),
                    'm' => Match(name, "If-Match"u8, KnownField.IfMatch),
                    _ => KnownField.Other,
                };
            case 9:
                return Match(name, "Forwarded"u8, KnownField.Forwarded);
            case 10:
                return (name[0] | 0x20) switch
                {
                    'c' => Match(name, "Connection"u8, KnownField.Connection),
                    'k' => Match(name, "Keep-Alive"u8, KnownField.KeepAlive),
                    'u' => Match(name, "User-Agent"u8, KnownField.UserAgent),
                    _ => KnownField.Other,
                };
            case 11:
                return (name[8] | 0x20) switch
                {
                    'a' => Match(name, "X-Purge-All"u8, KnownField.XPurgeAll),
                    't' => Match(name, "X-Purge-Tag"u8, KnownField.XPurgeTag),
                    _ => KnownField.Other,
                };
            case 12:
                return (name[0] | 0x20) switch
                {
                    'c' => Match(name, "Content-Type"u8, KnownField.ContentType),
                    'm' => Match(name, "Max-Forwards"u8, KnownField.MaxForwards),
                    'x' => Match(name, "X-Purge-Soft"u8, KnownField.XPurgeSoft),
                    _ => KnownField.Other,
                };
            case 13:
                return (name[0] | 0x20) switch
                {
                    'i' => Match(name, "If-None-Match"u8, KnownField.IfNoneMatch),
                    'a' => Match(name, "Authorization"u8, KnownField.Authorization),
                    'c' => Match(name, "Cache-Control"u8, KnownField.CacheControl),
                    'x' => Match(name, "X-Purge-Token"u8, KnownField.XPurgeToken),
                    _ => KnownField.Other,
                };
            case 14:
                return Match(name, "Content-Length"u8, KnownField.ContentLength);
            case 15:
                return (name[2] | 0x20) switch
                {
                    'c' => Match(name, "Accept-Encoding"u8, KnownField.AcceptEncoding),
                    'f' => Match(name, "X-Forwarded-For"u8, KnownField.XForwardedFor),
                    'p' => Match(name, "X-Purge-Pattern"u8, KnownField.XPurgePattern),
                    _ => KnownField.Other,
                };
            case 16:
                return (name[0] | 0x20) switch
                {
                    'p' => Match(name, "Proxy-Connection"u8, KnownField.ProxyConnection),
                    'x' => Match(name, "X-Forwarded-Host"u8, KnownField.XForwardedHost),
                    _ => KnownField.Other,
                };
            case 17:
                return (name[0] | 0x20) switch
                {
                    't' => Match(name, "Transfer-Encoding"u8, KnownField.TransferEncoding),
                    'i' => Match(name, "If-Modified-Since"u8, KnownField.IfModifiedSince),
                    'x' => Match(name, "X-Forwarded-Proto"u8, KnownField.XForwardedProto),
                    _ => KnownField.Other,
                };
            case 19:
                return (name[0] | 0x20) switch
                {
                    'i' => Match(name, "If-Unmodified-Since"u8, KnownField.IfUnmodifiedSince),
                    'p' => Match(name, "Proxy-Authorization"u8, KnownField.ProxyAuthorization),
                    _ => KnownField.Other,
                };
            default:
                return KnownField.Other;
        }
    }

    // Nearly every client spells names as the RFCs do, and an exact comparison costs a fraction of one without regard to case.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static KnownField Match(ReadOnlySpan<byte> name, ReadOnlySpan<byte> candidate, KnownField field) =>
        name.SequenceEqual(candidate) || Ascii.EqualsIgnoreCase(name, candidate) ? field : KnownField.Other;
}
