using System.Buffers;
using System.Text;

namespace Slice.Core.Http;

/// <summary>
/// A request-target in its parts, exactly as received: spans over bytes that belong to somebody else, usually a <see cref="RequestHead"/>.
/// For matching and keys take <see cref="NormalizedTarget"/> of <see cref="PathAndQuery"/>.
/// </summary>
public readonly ref struct RequestTarget
{
    // Visible ASCII without the bytes that neither RFC 3986 nor a browser sends: " < > and the fragment's #. The rest of what RFC 3986
    // leaves out ([ ] { } | \ ^ `) is accepted because browsers send it unencoded in paths or queries (WHATWG URL, percent-encode sets).
    private static readonly SearchValues<byte> s_targetBytes = SearchValues.Create(
        "!$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"u8);

    private readonly Parts _parts;

    internal RequestTarget(ReadOnlySpan<byte> bytes, Parts parts)
    {
        Bytes = bytes;
        _parts = parts;
    }

    /// <summary>The whole target as received.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Which of the four forms it has.</summary>
    public RequestTargetForm Form => _parts.Form;

    /// <summary>Host and optional port of an absolute-form or authority-form target; empty otherwise.</summary>
    public ReadOnlySpan<byte> Authority => Bytes.Slice(_parts.AuthorityStart, _parts.AuthorityLength);

    /// <summary>
    /// What an origin is asked for: path, and query with its question mark. <c>/</c> for an absolute-form target without path
    /// (RFC 9112 §3.2.1), <c>*</c> for asterisk-form, empty for authority-form.
    /// </summary>
    public ReadOnlySpan<byte> PathAndQuery =>
        _parts.PathStart < Bytes.Length || Form != RequestTargetForm.Absolute ? Bytes[_parts.PathStart..] : "/"u8;

    /// <summary>The path without the query; the rest as <see cref="PathAndQuery"/>.</summary>
    public ReadOnlySpan<byte> Path => PathAndQuery[..(PathAndQuery.Length - QueryWithMarkLength)];

    /// <summary>The query without its question mark; empty when there is none, or an empty one.</summary>
    public ReadOnlySpan<byte> Query => QueryWithMarkLength == 0 ? default : Bytes[(_parts.QueryMark + 1)..];

    private int QueryWithMarkLength => _parts.QueryMark < 0 ? 0 : Bytes.Length - _parts.QueryMark;

    /// <summary>
    /// Takes a target apart; false when a byte is invalid, the form does not suit the method, the scheme is neither http nor https, or the
    /// authority is not a plain host and port (userinfo is refused: RFC 9110 §4.2.4).
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, RequestMethod method, out RequestTarget target)
    {
        bool isValid = TryParseParts(bytes, method, out Parts parts);
        target = new RequestTarget(isValid ? bytes : default, isValid ? parts : default);
        return isValid;
    }

    internal static bool TryParseParts(ReadOnlySpan<byte> bytes, RequestMethod method, out Parts parts)
    {
        parts = new Parts(RequestTargetForm.Origin, 0, 0, 0, -1);
        if (bytes.IsEmpty || bytes.ContainsAnyExcept(s_targetBytes))
        {
            return false;
        }

        if (method == RequestMethod.Connect)
        {
            return TryParseAuthority(bytes, out parts);
        }

        if (bytes[0] == '/')
        {
            parts = new Parts(RequestTargetForm.Origin, 0, 0, 0, bytes.IndexOf((byte)'?'));
            return true;
        }

        if (bytes is [(byte)'*'])
        {
            parts = new Parts(RequestTargetForm.Asterisk, 0, 0, 0, -1);
            return method == RequestMethod.Options;
        }

        return TryParseAbsolute(bytes, out parts);
    }

    private static bool TryParseAuthority(ReadOnlySpan<byte> bytes, out Parts parts)
    {
        parts = new Parts(RequestTargetForm.Authority, 0, bytes.Length, bytes.Length, -1);
        return HostSyntax.IsValid(bytes, out bool hasPort) && hasPort;
    }

    private static bool TryParseAbsolute(ReadOnlySpan<byte> bytes, out Parts parts)
    {
        parts = default;
        int authorityStart = StartsWithIgnoreCase(bytes, "http://"u8) ? "http://"u8.Length
            : StartsWithIgnoreCase(bytes, "https://"u8) ? "https://"u8.Length : 0;
        if (authorityStart == 0)
        {
            return false;
        }

        int authorityLength = bytes[authorityStart..].IndexOfAny((byte)'/', (byte)'?');
        int pathStart = authorityLength < 0 ? bytes.Length : authorityStart + authorityLength;

        // http://host?query would have to become /?query, which is not in the bytes. No client is known to send it.
        if (pathStart < bytes.Length && bytes[pathStart] == '?')
        {
            return false;
        }

        parts = new Parts(RequestTargetForm.Absolute, authorityStart, pathStart - authorityStart, pathStart, bytes.IndexOf((byte)'?'));
        return HostSyntax.IsValid(bytes[authorityStart..pathStart], out _);
    }

    private static bool StartsWithIgnoreCase(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> prefix) =>
        bytes.Length >= prefix.Length && Ascii.EqualsIgnoreCase(bytes[..prefix.Length], prefix);

    /// <summary>Where the parts are; kept by a head in place of the spans.</summary>
    internal readonly record struct Parts(RequestTargetForm Form, int AuthorityStart, int AuthorityLength, int PathStart, int QueryMark);
}
