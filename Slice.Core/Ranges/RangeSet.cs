namespace Slice.Core.Ranges;

/// <summary>The parts a request for several ranges is answered with (RFC 9110 §14.2, §15.3.7.2). Pure.</summary>
public static class RangeSet
{
    /// <summary>
    /// Ranges that overlap, or whose gap is smaller than what another part costs, become one part; parts stand in the order in which
    /// their first range was asked for. So no byte is sent twice, whatever was asked.
    /// </summary>
    /// <param name="ranges">Satisfiable ranges of one object, in the order of the request; reordered by the call.</param>
    /// <param name="partOverheadBytes">What a part costs besides its bytes.</param>
    /// <returns>The parts; none overlaps another.</returns>
    public static ByteRange[] Coalesce(ReadOnlySpan<ByteRange> ranges, int partOverheadBytes)
    {
        var byStart = new (ByteRange Range, int Order)[ranges.Length];
        for (int index = 0; index < ranges.Length; index++)
        {
            byStart[index] = (ranges[index], index);
        }

        Array.Sort(byStart, static (left, right) => left.Range.Start.CompareTo(right.Range.Start));
        var parts = new List<(ByteRange Range, int Order)>(byStart.Length);
        foreach (var (range, order) in byStart)
        {
            if (parts.Count > 0 && range.Start - parts[^1].Range.End < partOverheadBytes)
            {
                var (before, earliest) = parts[^1];
                parts[^1] = (new ByteRange(before.Start, Math.Max(before.End, range.End)), Math.Min(earliest, order));
            }
            else
            {
                parts.Add((range, order));
            }
        }

        parts.Sort(static (left, right) => left.Order.CompareTo(right.Order));
        return [.. parts.Select(part => part.Range)];
    }

    /// <summary>
    /// Whether the ranges together ask for more bytes than the object has: no honest client does, and answering it would multiply what the
    /// attacker sends (RFC 9110 §17.15).
    /// </summary>
    public static bool ExceedsObject(ReadOnlySpan<ByteRange> ranges, long completeLength)
    {
        long left = completeLength;
        foreach (var range in ranges)
        {
            left -= range.Length;
            if (left < 0)
            {
                return true;
            }
        }

        return false;
    }
}
