namespace Slice.Core.Http;

/// <summary>One field line: <c>field-name ":" OWS field-value OWS</c> (RFC 9112 §5).</summary>
internal static class FieldLine
{
    /// <summary>
    /// Parses the line of <paramref name="head"/> from <paramref name="lineStart"/> to <paramref name="lineEnd"/>, which has at least one
    /// byte and no control character but HTAB, and adds it to <paramref name="fields"/>. False, and nothing is added, when it is none.
    /// </summary>
    /// <param name="fields">Gets the line.</param>
    /// <param name="head">The head.</param>
    /// <param name="lineStart">Where the line begins.</param>
    /// <param name="lineEnd">Where it ends.</param>
    /// <param name="allowsSpaceBeforeColon">
    /// Whether whitespace before the colon is taken off, as a proxy must do with a response, and must not with a request (RFC 9112 §5.1).
    /// </param>
    public static bool TryParse(
        FieldTable fields, ReadOnlySpan<byte> head, int lineStart, int lineEnd, bool allowsSpaceBeforeColon = false)
    {
        ReadOnlySpan<byte> line = head[lineStart..lineEnd];
        int colon = line.IndexOf((byte)':');
        if (colon <= 0)
        {
            return false;
        }

        int nameLength = allowsSpaceBeforeColon ? line[..colon].TrimEnd(" \t"u8).Length : colon;
        ReadOnlySpan<byte> name = line[..nameLength];
        KnownField field = KnownFields.Find(name);
        if (field == KnownField.Other && !FieldSyntax.IsToken(name))
        {
            return false;
        }

        ReadOnlySpan<byte> value = line[(colon + 1)..];
        int leading = 0;
        while (leading < value.Length && FieldSyntax.IsWhitespace(value[leading]))
        {
            leading++;
        }

        int valueLength = value.Length;
        while (valueLength > leading && FieldSyntax.IsWhitespace(value[valueLength - 1]))
        {
            valueLength--;
        }

        fields.Add(field, lineStart, nameLength, lineStart + colon + 1 + leading, valueLength - leading);
        return true;
    }

    /// <summary>Why <see cref="TryParse"/> does not take a line of a request.</summary>
    public static RequestRejection Explain(ReadOnlySpan<byte> line)
    {
        // A folded line may hold a colon too: only its first byte tells it from a field line.
        if (FieldSyntax.IsWhitespace(line[0]))
        {
            return RequestRejection.ObsoleteLineFolding;
        }

        int nameLength = line.IndexOf((byte)':');
        return nameLength > 0 && FieldSyntax.IsWhitespace(line[nameLength - 1])
            ? RequestRejection.WhitespaceBeforeColon
            : RequestRejection.InvalidFieldName;
    }
}
