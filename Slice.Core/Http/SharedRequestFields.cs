namespace Slice.Core.Http;

/// <summary>
/// Which fields of a client's request go to the origin when the answer may serve other clients too, and which of them can therefore
/// select among answers (RFC 9111 §4.1). Pure.
/// </summary>
public static class SharedRequestFields
{
    /// <summary>
    /// Whether a field of the client's request is passed on: not one that selects a part or a version (we set our own), that frames
    /// the request, that speaks to caches, or that tells one client from others.
    /// </summary>
    public static bool Includes(KnownField field) => field is not (
        KnownField.Host or KnownField.ContentLength or KnownField.TransferEncoding or KnownField.Expect
        or KnownField.Range or KnownField.IfRange or KnownField.IfMatch or KnownField.IfNoneMatch
        or KnownField.IfModifiedSince or KnownField.IfUnmodifiedSince or KnownField.AcceptEncoding
        or KnownField.CacheControl or KnownField.Pragma or KnownField.Forwarded
        or KnownField.XForwardedFor or KnownField.XForwardedHost or KnownField.XForwardedProto);

    /// <summary>Whether answers that vary by the field can be told apart: not by one that says who the client is.</summary>
    internal static bool CanSelect(ReadOnlySpan<byte> name) => KnownFields.Find(name) is not (
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
