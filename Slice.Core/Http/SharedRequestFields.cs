using System.Text;

namespace Slice.Core.Http;

/// <summary>
/// Which fields of a client's request go to the origin when the answer may serve other clients too, and which of them can therefore
/// select among answers (RFC 9111 §4.1). Pure.
/// </summary>
public static class SharedRequestFields
{
    /// <summary>
    /// Whether a field of the client's request is passed on: not one that selects a part or a version (we set our own), that frames
    /// the request, that speaks to caches, or that says who the client is. Cookie goes along: an origin may let only those in who have one.
    /// </summary>
    public static bool Includes(KnownField field) => field is not (
        KnownField.Host or KnownField.ContentLength or KnownField.TransferEncoding or KnownField.Expect
        or KnownField.Range or KnownField.IfRange or KnownField.IfMatch or KnownField.IfNoneMatch
        or KnownField.IfModifiedSince or KnownField.IfUnmodifiedSince or KnownField.AcceptEncoding
        or KnownField.CacheControl or KnownField.Pragma or KnownField.Forwarded
        or KnownField.XForwardedFor or KnownField.XForwardedHost or KnownField.XForwardedProto);

    /// <summary>
    /// The same for a field by its name too: those by which proxies and frameworks tell an application another client, host, path or
    /// method than the request has (X-Forwarded-Port, X-Original-URL, X-HTTP-Method-Override …). They are no part of the key, so an answer
    /// made by them must not be had by others.
    /// </summary>
    public static bool Includes(KnownField field, ReadOnlySpan<byte> name) =>
        Includes(field) && (field != KnownField.Other || !RewritesRequest(name));

    private static bool RewritesRequest(ReadOnlySpan<byte> name)
    {
        return HasPrefix(name, "X-Forwarded"u8) || HasPrefix(name, "X-Original-"u8) || HasPrefix(name, "X-Rewrite-"u8)
            || HasPrefix(name, "X-HTTP-Method"u8) || HasPrefix(name, "X-Client-"u8) || HasPrefix(name, "CF-Connecting-"u8)
            || Is(name, "X-Host"u8) || Is(name, "X-Real-IP"u8) || Is(name, "X-Method-Override"u8) || Is(name, "True-Client-IP"u8)
            || Is(name, "Front-End-Https"u8) || Is(name, "X-Cluster-Client-IP"u8) || Is(name, "Client-IP"u8);

        static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other) => Ascii.EqualsIgnoreCase(name, other);

        static bool HasPrefix(ReadOnlySpan<byte> name, ReadOnlySpan<byte> prefix) =>
            name.Length >= prefix.Length && Ascii.EqualsIgnoreCase(name[..prefix.Length], prefix);
    }

    /// <summary>Whether answers that vary by the field can be told apart: not by one that says who the client is.</summary>
    internal static bool CanSelect(ReadOnlySpan<byte> name) => !RewritesRequest(name) && KnownFields.Find(name) is not (
        KnownField.Forwarded or KnownField.XForwardedFor or KnownField.XForwardedHost or KnownField.XForwardedProto or KnownField.Via);

    /// <summary>
    /// Whether the origin sees the same of the field whoever asks, because it is not passed on. Accept-Encoding is passed on for answers
    /// that are not cut into slices.
    /// </summary>
    internal static bool IsTheSameForAll(ReadOnlySpan<byte> name, bool passesAcceptEncoding)
    {
        var field = KnownFields.Find(name);
        return field == KnownField.AcceptEncoding
            ? !passesAcceptEncoding
            : (field != KnownField.Other && !Includes(field)) || HopByHopFields.Contains(name);
    }
}
