using System.Buffers;

namespace Slice.Tests.Support;

/// <summary>
/// One segment of a <see cref="ReadOnlySequence{T}"/>; each has an array of its own, so that reading across an end fails loudly.
/// </summary>
internal sealed class Segments : ReadOnlySequenceSegment<byte>
{
    private Segments(byte[] bytes, long runningIndex)
    {
        Memory = bytes;
        RunningIndex = runningIndex;
    }

    /// <summary>
    /// The bytes from <paramref name="start"/> to <paramref name="end"/>, with a segment boundary at every cut between them.
    /// </summary>
    public static ReadOnlySequence<byte> Of(byte[] input, int[] cuts, int start, int end)
    {
        Segments? first = null;
        Segments? last = null;
        int from = start;
        foreach (int to in cuts.Where(cut => cut > start && cut < end).Append(end))
        {
            var next = new Segments(input[from..to], from - start);
            first ??= next;
            if (last is not null)
            {
                last.Next = next;
            }

            last = next;
            from = to;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }
}
