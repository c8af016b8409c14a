using Slice.Core.Ranges;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>The plan of one answer, walked to its end.</summary>
/// <param name="rangeBytes">Bytes asked for, from the middle of a slice on; at most 4 GiB.</param>
internal sealed class SlicePlanPart(long rangeBytes) : IHotPathPart
{
    private const long CompleteLength = 5L << 30;
    private static readonly SliceGrid s_grid = new(1 << 20);

    /// <inheritdoc/>
    public void Run()
    {
        long bytes = 0;
        foreach (SlicePart part in SlicePlanner.Plan(s_grid, new ByteRange(777, 777 + rangeBytes), CompleteLength))
        {
            bytes += part.TakeBytes;
        }

        if (bytes != rangeBytes)
        {
            throw new InvalidOperationException("The plan is not the range.");
        }
    }
}
