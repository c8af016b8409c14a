using System.Text;

namespace Slice.Core.Http;

/// <summary>
/// Which fields of a client's request go to the origin when the answer may serve other clients too (B50): those of a list, and nothing else
/// of the client. Immutable.
/// </summary>
/// <remarks>
/// A list of what may go, not of what may not: origins read more names than anybody can list, <c>X_Forwarded_Host</c> for
/// <c>X-Forwarded-Host</c> among them, and what no key tells apart must not make the answer that everybody gets.
/// </remarks>
public sealed class SharedRequestFields
{
    private readonly byte[][] _alsoIncluded;

    /// <summary>The list of the product, and what the operator has added to it.</summary>
    /// <param name="alsoIncluded">Names of <c>cache_key.fields</c>: they are part of the key, and so they may go.</param>
    public SharedRequestFields(IReadOnlyList<string> alsoIncluded) =>
        _alsoIncluded = [.. alsoIncluded.Select(Encoding.ASCII.GetBytes)];

    /// <summary>The list of the product alone.</summary>
    public static SharedRequestFields Default { get; } = new([]);

    /// <summary>
    /// What is wrong with a name that an operator adds, or null. A field of which the origin never sees what the client says cannot tell
    /// its answers apart: one of the connection, of framing, ranges, conditions, caching, or coding, which Vary tells apart.
    /// </summary>
    public static string? CheckAlsoIncluded(string name)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(name);
        var field = KnownFields.Find(bytes);
        bool isOurs = HopByHopFields.Contains(bytes) || field is KnownField.AcceptEncoding or KnownField.Via or KnownField.CdnLoop
            || IsRequestId(bytes) || (IsSetByUs(field) && !SaysWhoAsks(field));
        return !Ascii.IsValid(name) || !FieldSyntax.IsToken(bytes) ? "not the name of a field"
            : isOurs ? "a field that does not reach the origin as the client sets it"
            : null;
    }

    /// <summary>Whether a field goes to the origin with a request whose answer others may get. Without Accept-Encoding.</summary>
    public bool Includes(KnownField field, ReadOnlySpan<byte> name) =>
        field is KnownField.UserAgent or KnownField.Accept
        || (field == KnownField.Other && IsNegotiation(name))
        || IsAlsoIncluded(name);

    /// <summary>
    /// Whether a field is the client's own: one that is left out of shared requests although the answer may depend on it. Without those
    /// that we set ourselves, and those that browsers and proxies put into every request.
    /// </summary>
    public bool IsOwn(KnownField field, ReadOnlySpan<byte> name) =>
        !Includes(field, name) && !IsSetByUs(field)
        && !(field is KnownField.AcceptEncoding or KnownField.Via or KnownField.CdnLoop or KnownField.MaxForwards)
        && !(field == KnownField.Other && (RewritesRequest(name) || IsAmbient(name)));

    /// <summary>Whether a request has a field that is the client's own (<see cref="IsOwn"/>).</summary>
    public bool HasOwn(FieldTable fields) => HasOwn(fields, countsCredentials: true);

    /// <summary>Whether a request has a field of the client's own that is no credential.</summary>
    public bool HasOwnBesideCredentials(FieldTable fields) => HasOwn(fields, countsCredentials: false);

    /// <summary>Whether a field says who asks in the way that origins answer for: RFC 9110 §11.6.2, RFC 6265 §5.4.</summary>
    public static bool IsCredential(KnownField field) => field is KnownField.Authorization or KnownField.Cookie;

    /// <summary>
    /// Whether a field goes along when a client's own request is cut into slices: all but those that select a part or a version (we set our
    /// own), that frame the request, that speak to caches, or that say who the client is. Those by which proxies and frameworks tell an
    /// application another client, host, path or method than the request has stay behind too: the origin may still say that all may have
    /// it.
    /// </summary>
    public static bool GoesWithOwn(KnownField field, ReadOnlySpan<byte> name) =>
        !IsSetByUs(field) && !(field is KnownField.AcceptEncoding or KnownField.Via or KnownField.CdnLoop)
        && !(field == KnownField.Other && (RewritesRequest(name) || IsRequestId(name)));

    /// <summary>Whether a field is X-Request-Id, which we set (it is no field of a standard).</summary>
    public static bool IsRequestId(ReadOnlySpan<byte> name) => Is(name, "X-Request-Id"u8);

    /// <summary>
    /// Whether a field that goes to the origin with requests for all says whence the request comes, and no key tells apart what the origin
    /// answers by the field.
    /// </summary>
    internal bool SaysWhence(string name) =>
        (name.Equals("Referer", StringComparison.OrdinalIgnoreCase) || name.Equals("Origin", StringComparison.OrdinalIgnoreCase))
        && !IsAlsoIncluded(Encoding.Latin1.GetBytes(name));

    /// <summary>Whether answers that vary by the field can be told apart: not by one that says who the client is.</summary>
    internal static bool CanSelect(ReadOnlySpan<byte> name) => !RewritesRequest(name) && KnownFields.Find(name) is not (
        KnownField.Forwarded or KnownField.XForwardedFor or KnownField.XForwardedHost or KnownField.XForwardedProto or KnownField.Via
        or KnownField.CdnLoop);

    /// <summary>
    /// Whether the origin sees the same of the field whoever asks, because we set it or leave it out. Accept-Encoding is passed on for
    /// answers that are not cut into slices.
    /// </summary>
    internal static bool IsTheSameForAll(ReadOnlySpan<byte> name, bool passesAcceptEncoding)
    {
        var field = KnownFields.Find(name);
        return field == KnownField.AcceptEncoding ? !passesAcceptEncoding : IsSetByUs(field) || HopByHopFields.Contains(name);
    }

    private static bool IsSetByUs(KnownField field) => field is
        KnownField.Host or KnownField.ContentLength or KnownField.TransferEncoding or KnownField.Expect
        or KnownField.Range or KnownField.IfRange or KnownField.IfMatch or KnownField.IfNoneMatch
        or KnownField.IfModifiedSince or KnownField.IfUnmodifiedSince
        or KnownField.CacheControl or KnownField.Pragma
        || SaysWhoAsks(field);

    private static bool SaysWhoAsks(KnownField field) => field is
        KnownField.Forwarded or KnownField.XForwardedFor or KnownField.XForwardedHost or KnownField.XForwardedProto;

    private static bool RewritesRequest(ReadOnlySpan<byte> name) =>
        HasPrefix(name, "X-Forwarded"u8) || HasPrefix(name, "X-Original-"u8) || HasPrefix(name, "X-Rewrite-"u8)
        || HasPrefix(name, "X-HTTP-Method"u8) || HasPrefix(name, "X-Client-"u8) || HasPrefix(name, "CF-Connecting-"u8)
        || Is(name, "X-Host"u8) || Is(name, "X-Real-IP"u8) || Is(name, "X-Method-Override"u8) || Is(name, "True-Client-IP"u8)
        || Is(name, "Front-End-Https"u8) || Is(name, "X-Cluster-Client-IP"u8) || Is(name, "Client-IP"u8);

    // RFC 9110 §12.5, client hints (RFC 8942), and whence a request comes: hot link protection and CORS answer by these.
    private static bool IsNegotiation(ReadOnlySpan<byte> name) =>
        Is(name, "Accept-Language"u8) || Is(name, "Accept-Charset"u8) || HasPrefix(name, "Sec-CH-"u8) || Is(name, "Save-Data"u8)
        || Is(name, "Referer"u8) || Is(name, "Origin"u8);

    // What every browser sends with every request (Fetch Metadata, preferences), and what balancers, content delivery
    // networks and tracing add on the way. Of a network's fields those that say where the client is stand for themselves: pages differ by
    // them.
    private static bool IsAmbient(ReadOnlySpan<byte> name) =>
        HasPrefix(name, "Sec-"u8) || Is(name, "Upgrade-Insecure-Requests"u8) || Is(name, "Priority"u8) || Is(name, "DNT"u8)
        || Is(name, "Purpose"u8) || Is(name, "X-Request-Id"u8) || Is(name, "X-Correlation-Id"u8)
        || Is(name, "traceparent"u8) || Is(name, "tracestate"u8) || Is(name, "baggage"u8) || Is(name, "X-Amzn-Trace-Id"u8)
        || HasPrefix(name, "X-B3-"u8) || Is(name, "b3"u8) || Is(name, "uber-trace-id"u8) || Is(name, "sentry-trace"u8)
        || HasPrefix(name, "X-Datadog-"u8) || Is(name, "X-Cloud-Trace-Context"u8)
        || Is(name, "CF-Ray"u8) || Is(name, "CF-Visitor"u8) || Is(name, "X-Amz-Cf-Id"u8)
        || Is(name, "X-Varnish"u8) || Is(name, "X-Azure-Ref"u8) || Is(name, "X-Azure-FDID"u8) || HasPrefix(name, "X-Envoy-"u8)
        || Is(name, "Fastly-FF"u8) || Is(name, "X-Scheme"u8) || Is(name, "X-Timer"u8) || Is(name, "From"u8);

    private bool HasOwn(FieldTable fields, bool countsCredentials)
    {
        for (int index = 0; index < fields.LineCount; index++)
        {
            var field = fields.FieldAt(index);
            if (IsOwn(field, fields.NameAt(index))
                && (countsCredentials || !IsCredential(field))
                && !HopByHopFields.IsHopByHop(fields, index))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsAlsoIncluded(ReadOnlySpan<byte> name)
    {
        foreach (byte[] included in _alsoIncluded)
        {
            if (Is(name, included))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other) => Ascii.EqualsIgnoreCase(name, other);

    private static bool HasPrefix(ReadOnlySpan<byte> name, ReadOnlySpan<byte> prefix) =>
        name.Length >= prefix.Length && Ascii.EqualsIgnoreCase(name[..prefix.Length], prefix);
}
