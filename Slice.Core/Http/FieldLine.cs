namespace Slice.Core.Http;

/// <summary>One field line: <c>field-name ":" OWS field-value OWS</c> (RFC 9112 §5).</summary>
internal static class FieldLine
{
    /// <summary>
    /// Parses the line of <paramref name="head"/> from <paramref name="lineStart"/> to <paramref name="lineEnd"/>, which has at least one
    /// byte and no control character but HTAB, and adds it to <paramref name="fields"/>. False, and nothing is added, when it is none.
    /// </summary>
    public static bool TryParse(FieldTable fields, ReadOnlySpan<byte> head, int lineStart, int lineEnd)
    {
        ReadOnlySpan<byte> line = head[lineStart..lineEnd];
        int nameLength = line.IndexOf((byte)':');
        if (nameLength <= 0)
        {
            return false;
        }

        ReadOnlySpan<byte> name = line[..nameLength];
        KnownField field = KnownFields.Find(name);
        if (field == KnownField.Other && !FieldSyntax.IsToken(name))
        {
            return false;
        }

        ReadOnlySpan<byte> value = line[(nameLength + 1)..];
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

        fields.Add(field, lineStart, nameLength, lineStart + nameLength + 1 + leading, valueLength - leading);
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
