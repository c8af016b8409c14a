using System.Collections.Frozen;
using System.Text;
using Slice.Core.Http;

namespace Slice.Core.Caching;

/// <summary>Which field lines of an origin's response are kept, and in what form. Pure.</summary>
internal static class StoredFields
{
    // Hop-by-hop fields (RFC 9110 §7.6.1), the framing, those that we state ourselves on every response, and those that are meant for us:
    // Surrogate-Key ends here, as at Fastly. Cache-Tag goes on, for a cache before us.
    private static readonly FrozenSet<string> s_notForwarded = FrozenSet.ToFrozenSet(
        [
            "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Authenticate",
            "Proxy-Authentication-Info", "Content-Length", "X-Cache", FreshnessLifetime.AccelExpiresFieldName,
            CacheTags.SurrogateKeyField,
        ],
        StringComparer.OrdinalIgnoreCase);

    // RFC 9110 §7.6.1 forbids to name in Connection what is for all recipients. An origin that does it all the same must not make a body
    // lose its coding, or a response its Cache-Control, on the way.
    private static readonly FrozenSet<string> s_forAllRecipients = FrozenSet.ToFrozenSet(
        [
            "Age", "Cache-Control", "CDN-Cache-Control", "Content-Encoding", "Content-Language", "Content-Range", "Content-Type", "Date",
            "ETag", "Expires",
            "Last-Modified", "Location", "Retry-After", "Vary", "Via", "WWW-Authenticate",
        ],
        StringComparer.OrdinalIgnoreCase);

    private static readonly byte[][] s_notForwardedBytes = [.. s_notForwarded.Select(Encoding.ASCII.GetBytes)];

    private static readonly byte[][] s_forAllRecipientsBytes = [.. s_forAllRecipients.Select(Encoding.ASCII.GetBytes)];

    // What belongs to one message and not to the object.
    private static readonly FrozenSet<string> s_notStored = FrozenSet.ToFrozenSet(
        ["Content-Range", "Accept-Ranges", "Age"],
        StringComparer.OrdinalIgnoreCase);

    // A 304 confirms the version it was asked about; it cannot replace what names the version or describes its bytes.
    private static readonly FrozenSet<string> s_notUpdated = FrozenSet.ToFrozenSet(
        ["ETag", "Last-Modified", "Content-Encoding", "Repr-Digest", "Digest"],
        StringComparer.OrdinalIgnoreCase);

    // Checksums of the content of one message (RFC 9530 §2, for Content-MD5 RFC 2616 §14.15), and those of object stores, which put that of
    // the part on a 206 when they have it. Repr-Digest (RFC 9530 §3) and its predecessor Digest (RFC 3230 §4.3.2, of the instance) are of
    // the whole representation, whatever part of it comes.
    private static readonly FrozenSet<string> s_ofContent = FrozenSet.ToFrozenSet(
        ["Content-Digest", "Content-MD5", "x-goog-hash", "x-ms-content-crc64", "x-amz-sha256-tree-hash"],
        StringComparer.OrdinalIgnoreCase);

    // Of a line: colon and space, CR and LF.
    private const int BytesBesides = 4;

    private const string AmazonChecksumPrefix = "x-amz-checksum-";

    /// <summary>Whether a field goes on to the client: not hop-by-hop, not named in Connection, not one that we state ourselves.</summary>
    public static bool IsForwarded(string name, ReadOnlySpan<ForwardedField> fields) =>
        !s_notForwarded.Contains(name) && (s_forAllRecipients.Contains(name) || !IsNamedInConnection(name, fields));

    /// <summary>The same for a line of a head that a parser of ours has read.</summary>
    public static bool IsForwarded(FieldTable fields, int index)
    {
        var name = fields.NameAt(index);
        var field = fields.FieldAt(index);
        if (HopByHopFields.Contains(field) || field == KnownField.ContentLength || IsIn(s_notForwardedBytes, name))
        {
            return false;
        }

        return !fields.Contains(KnownField.Connection) || IsIn(s_forAllRecipientsBytes, name) || !HopByHopFields.IsHopByHop(fields, index);
    }

    /// <summary>Whether a field is stored: forwarded, and not of one message only.</summary>
    public static bool IsStored(string name, ReadOnlySpan<ForwardedField> fields) =>
        !s_notStored.Contains(name) && IsForwarded(name, fields);

    /// <summary>
    /// Whether a 304 may replace a stored field of this name: unless it identifies or describes the version. A cookie is for the one client
    /// whose request caused the validation: stored, it would go to everybody, so the operator must want that.
    /// </summary>
    public static bool IsUpdatedBy304(string name, bool storesSetCookie) =>
        !s_notUpdated.Contains(name)
        && !IsOfContent(name)
        && (storesSetCookie || !name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Whether a field describes the bytes of one message, so that it must not go out with another selection of them (B61).
    /// </summary>
    public static bool IsOfContent(string name) =>
        s_ofContent.Contains(name) || name.StartsWith(AmazonChecksumPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>The same, of a stored line. It allocates nothing.</summary>
    public static bool IsOfContent(in FieldLineReader line) => line.Name.Length switch
    {
        11 => line.Is("Content-MD5"u8) || line.Is("x-goog-hash"u8),
        14 => line.Is("Content-Digest"u8),
        18 when line.Is("x-ms-content-crc64"u8) => true,
        22 when line.Is("x-amz-sha256-tree-hash"u8) => true,
        > 15 => Ascii.EqualsIgnoreCase(line.Name[..15], "x-amz-checksum-"u8),
        _ => false,
    };

    /// <summary>Whether a field is a part of a 304 (RFC 9110 §15.4.5), with Last-Modified for clients that only know dates.</summary>
    public static bool BelongsTo304(in FieldLineReader line) => line.Name.Length switch
    {
        3 => line.Is("Via"u8),
        4 => line.Is("Date"u8) || line.Is("ETag"u8) || line.Is("Vary"u8),
        7 => line.Is("Expires"u8),
        13 => line.Is("Cache-Control"u8) || line.Is("Last-Modified"u8),
        16 => line.Is("Content-Location"u8),
        _ => false,
    };

    /// <summary>Writes the lines, each ended by CRLF.</summary>
    public static byte[] Format(ReadOnlySpan<ForwardedField> lines)
    {
        int bytes = 0;
        foreach (var line in lines)
        {
            bytes += line.Name.Length + line.Value.Length + BytesBesides;
        }

        byte[] formatted = new byte[bytes];
        int end = 0;
        foreach (var line in lines)
        {
            end += Encoding.Latin1.GetBytes(line.Name, formatted.AsSpan(end));
            ": "u8.CopyTo(formatted.AsSpan(end));
            end += 2;
            end += Encoding.Latin1.GetBytes(line.Value, formatted.AsSpan(end));
            "\r\n"u8.CopyTo(formatted.AsSpan(end));
            end += 2;
        }

        return formatted;
    }

    /// <summary>Reads what <see cref="Format"/> wrote.</summary>
    public static List<ForwardedField> Parse(ReadOnlySpan<byte> formatted)
    {
        // Not by EnumerateLines, to which 0x85 ends a line too: in UTF-8 that byte is a part of many letters, and what follows it
        // would pass for a field.
        var lines = new List<ForwardedField>();
        for (int end = formatted.IndexOf("\r\n"u8); end >= 0; end = formatted.IndexOf("\r\n"u8))
        {
            var line = formatted[..end];
            int colon = line.IndexOf((byte)':');
            lines.Add(new ForwardedField(Encoding.Latin1.GetString(line[..colon]), Encoding.Latin1.GetString(line[(colon + 2)..])));
            formatted = formatted[(end + 2)..];
        }

        return lines;
    }

    private static bool IsIn(byte[][] names, ReadOnlySpan<byte> name)
    {
        foreach (byte[] candidate in names)
        {
            if (candidate.Length == name.Length && Ascii.EqualsIgnoreCase(candidate, name))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsNamedInConnection(string name, ReadOnlySpan<ForwardedField> fields)
    {
        foreach (ref readonly var line in fields)
        {
            if (!FieldLines.Is(line, "Connection"))
            {
                continue;
            }

            foreach (var range in line.Value.AsSpan().Split(','))
            {
                if (line.Value.AsSpan(range).Trim(" \t").Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
