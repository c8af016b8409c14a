using System.Buffers;

namespace Slice.Core.Http;

/// <summary>
/// The one spelling of a path and query that patterns are matched on, keys are made of, and the origin is asked for on behalf of all (B43).
/// A client's own request keeps the spelling of its client.
/// <para>
/// Escapes of unreserved characters are decoded, the hex digits of all others upper-cased (RFC 3986 §6.2.2.1, §6.2.2.2); then dot
/// segments are removed from the path (§5.2.4), which catches <c>%2e%2e</c> too. <c>%2F</c> stays what it is, data within a segment.
/// A percent sign that begins no escape is kept. The query is only normalised in its escapes.
/// </para>
/// </summary>
public static class NormalizedTarget
{
    private static readonly SearchValues<byte> s_unreservedBytes =
        SearchValues.Create("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"u8);

    /// <summary>
    /// Whether <see cref="Write"/> would certainly only copy: no escape, and no segment that begins with a dot. False for a few targets
    /// that are normal as well, such as <c>/.well-known</c>; asking is two vectorised searches.
    /// </summary>
    public static bool IsNormal(ReadOnlySpan<byte> target) => !target.Contains((byte)'%') && target.IndexOf("/."u8) < 0;

    /// <summary>
    /// Writes the normal form and returns its length, at most that of <paramref name="target"/>. Writing a normal form again changes
    /// nothing.
    /// </summary>
    /// <param name="target">Path and query as received, usually <see cref="RequestTarget.PathAndQuery"/>.</param>
    /// <param name="destination">At least as long as <paramref name="target"/>, and not overlapping it.</param>
    /// <exception cref="ArgumentException">The destination is shorter.</exception>
    public static int Write(ReadOnlySpan<byte> target, Span<byte> destination)
    {
        if (IsNormal(target))
        {
            target.CopyTo(destination);
            return target.Length;
        }

        return WriteSlow(target, destination[..target.Length]);
    }

    private static int WriteSlow(ReadOnlySpan<byte> target, Span<byte> destination)
    {
        int queryMark = target.IndexOf((byte)'?');
        int pathLength = queryMark < 0 ? target.Length : queryMark;
        int length = RemoveDotSegments(destination[..NormalizeEscapes(target[..pathLength], destination)]);
        return length + NormalizeEscapes(target[pathLength..], destination[length..]);
    }

    private static int NormalizeEscapes(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int length = 0;
        for (int index = 0; index < source.Length; index++)
        {
            if (!IsEscape(source[index..]))
            {
                destination[length++] = source[index];
                continue;
            }

            byte decoded = (byte)((HexDigits.ValueOf(source[index + 1]) << 4) | HexDigits.ValueOf(source[index + 2]));
            if (s_unreservedBytes.Contains(decoded) && !CompletesEscape(destination[..length], decoded))
            {
                destination[length++] = decoded;
            }
            else
            {
                destination[length++] = (byte)'%';
                destination[length++] = ToUpper(source[index + 1]);
                destination[length++] = ToUpper(source[index + 2]);
            }

            index += 2;
        }

        return length;
    }

    // "%%34%31" would become "%41", which reads as another escape: two rounds would then differ from one. A hex digit right behind
    // a stray percent sign therefore stays encoded. Dots are not hex digits, so no dot segment hides behind this.
    private static bool CompletesEscape(ReadOnlySpan<byte> written, byte decoded) =>
        HexDigits.ValueOf(decoded) >= 0
        && (written is [.., (byte)'%'] || (written is [.., (byte)'%', byte middle] && HexDigits.ValueOf(middle) >= 0));

    // RFC 3986 §5.2.4 in place. The output never overtakes the input, because every step drops bytes or copies them.
    private static int RemoveDotSegments(Span<byte> path)
    {
        int length = 0;
        int index = 0;
        while (index < path.Length)
        {
            // A segment with the slash before it; only a path in another form than origin-form begins without one.
            int next = path[(index + 1)..].IndexOf((byte)'/');
            int end = next < 0 ? path.Length : index + 1 + next;
            Span<byte> segment = path[index..end];
            bool isParent = segment.SequenceEqual("/.."u8);
            if (isParent)
            {
                length = Math.Max(0, path[..length].LastIndexOf((byte)'/'));
            }

            if (!isParent && !segment.SequenceEqual("/."u8))
            {
                segment.CopyTo(path[length..]);
                length += segment.Length;
            }
            else if (end == path.Length)
            {
                // A dot segment at the end leaves its slash: /a/. and /a/b/.. are both /a/.
                path[length++] = (byte)'/';
            }

            index = end;
        }

        return length;
    }

    private static bool IsEscape(ReadOnlySpan<byte> source) =>
        source is [(byte)'%', byte high, byte low, ..] && HexDigits.ValueOf(high) >= 0 && HexDigits.ValueOf(low) >= 0;

    private static byte ToUpper(byte digit) => digit >= 'a' ? (byte)(digit - 32) : digit;
}
