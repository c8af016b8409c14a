namespace Slice.Core.Http;

/// <summary>
/// One line of a response head behind the status line. A field line is kept as it is; another line is left out, unless somebody could take
/// it for one of the framing: then the response is faulty, because two recipients would disagree about where its body ends.
/// </summary>
internal static class ResponseFieldLine
{
    /// <summary>
    /// Judges the line from <paramref name="lineStart"/> to <paramref name="lineEnd"/>, which has at least one byte and no LF.
    /// </summary>
    public static ResponseFault Judge(ResponseHead head, int lineStart, int lineEnd)
    {
        ReadOnlySpan<byte> bytes = head.Bytes;
        ReadOnlySpan<byte> line = bytes[lineStart..lineEnd];
        if (!line.ContainsAny(FieldSyntax.ControlBytes)
            && FieldLine.TryParse(head.Fields, bytes, lineStart, lineEnd, allowsSpaceBeforeColon: true))
        {
            int last = head.Fields.LineCount - 1;
            return head.Fields.FieldAt(last) == KnownField.Other && FramingNames.IsLookAlike(head.Fields.NameAt(last))
                ? ResponseFault.DisguisedFramingField
                : ResponseFault.None;
        }

        return JudgeSlow(head, line, lineStart);
    }

    private static ResponseFault JudgeSlow(ResponseHead head, ReadOnlySpan<byte> line, int lineStart)
    {
        // RFC 9112 §5.2. Lines left out in between change nothing: a recipient that skips them, too, would unfold onto the field.
        int last = head.Fields.LineCount - 1;
        if (FieldSyntax.IsWhitespace(line[0]) && last >= 0 && FramingNames.Contains(head.Fields.FieldAt(last)))
        {
            return ResponseFault.FoldedFramingField;
        }

        ResponseFault fault = FindFault(line);
        if (fault == ResponseFault.None && !head.TryUnfold(lineStart, line.Length))
        {
            head.Drop(lineStart, line.Length);
        }

        return fault;
    }

    // A recipient that ends lines by a bare CR sees several lines here: each is judged, and an empty one would be the end of the head.
    private static ResponseFault FindFault(ReadOnlySpan<byte> line)
    {
        bool hasCarriageReturn = false;
        for (int end = 0; end >= 0;)
        {
            end = line.IndexOf((byte)'\r');
            ReadOnlySpan<byte> part = end < 0 ? line : line[..end];
            hasCarriageReturn |= end >= 0;
            if (part.IsEmpty)
            {
                return ResponseFault.BareCarriageReturn;
            }

            ResponseFault fault = FindFaultOfPart(part, hasCarriageReturn);
            if (fault != ResponseFault.None)
            {
                return fault;
            }

            line = line[(end + 1)..];
        }

        return ResponseFault.None;
    }

    private static ResponseFault FindFaultOfPart(ReadOnlySpan<byte> part, bool isBesideCarriageReturn)
    {
        if (part.StartsWith("HTTP/"u8))
        {
            return ResponseFault.RepeatedStatusLine;
        }

        // Without a colon the part as a whole: a folded line behind it could bring the colon.
        int colon = part.IndexOf((byte)':');
        ReadOnlySpan<byte> name = colon < 0 ? part : part[..colon];
        if (colon >= 0 && FramingNames.Contains(KnownFields.Find(name)))
        {
            return isBesideCarriageReturn ? ResponseFault.BareCarriageReturn : ResponseFault.ControlCharacter;
        }

        return FramingNames.IsDisguise(name) ? ResponseFault.DisguisedFramingField : ResponseFault.None;
    }
}
