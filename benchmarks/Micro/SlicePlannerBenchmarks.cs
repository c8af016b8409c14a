using BenchmarkDotNet.Attributes;
using Slice.Benchmarks.Micro.Parts;

namespace Slice.Benchmarks.Micro;

/// <summary>The plan of one answer, walked to its end. Nothing may be allocated.</summary>
[MemoryDiagnoser]
public class SlicePlannerBenchmarks
{
    private SlicePlanPart _part = new(1);

    /// <summary>Bytes asked for, from the middle of a slice on.</summary>
    [Params(4L << 10, 64L << 20, 4L << 30)]
    public long RangeBytes { get; set; }

    /// <summary>Notes the range.</summary>
    [GlobalSetup]
    public void SetUp() => _part = new SlicePlanPart(RangeBytes);

    /// <summary>Plans and walks.</summary>
    [Benchmark]
    public void Plan_and_walk() => _part.Run();
}
