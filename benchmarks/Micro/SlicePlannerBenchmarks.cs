using BenchmarkDotNet.Attributes;
using Slice.Core.Ranges;

namespace Slice.Benchmarks.Micro;

/// <summary>The plan of one answer, walked to its end. Nothing may be allocated.</summary>
[MemoryDiagnoser]
public class SlicePlannerBenchmarks
{
    private const long CompleteLength = 5L << 30;
    private static readonly SliceGrid s_grid = new(1 << 20);

    /// <summary>Bytes asked for, from the middle of a slice on.</summary>
    [Params(4L << 10, 64L << 20, 4L << 30)]
    public long RangeBytes { get; set; }

    /// <summary>Plans and walks.</summary>
    [Benchmark]
    public long Plan_and_walk()
    {
        long bytes = 0;
        foreach (SlicePart part in SlicePlanner.Plan(s_grid, new ByteRange(777, 777 + RangeBytes), CompleteLength))
        {
            bytes += part.TakeBytes;
        }

        return bytes;
    }
}
