using BenchmarkDotNet.Attributes;
using Slice.Benchmarks.Micro.Parts;
using Slice.Core.Observability;

namespace Slice.Benchmarks.Micro;

/// <summary>What a request pays for what is counted of it: one figure by itself, and as one of several. Nothing may be allocated.</summary>
[MemoryDiagnoser]
public class CountingBenchmarks : IDisposable
{
    private readonly SliceMeter _meter = new(TimeProvider.System);
    private readonly CountingPart _eight = new();
    private readonly TimeSpan _duration = TimeSpan.FromMilliseconds(3);

    /// <summary>One count.</summary>
    [Benchmark]
    public void Count() => _meter.CacheHits.Add(1);

    /// <summary>One duration; 3 ms lies in the fourth bucket.</summary>
    [Benchmark]
    public void Duration() => _meter.RequestDuration.Record(_duration);

    /// <summary>Eight counts of one event.</summary>
    [Benchmark]
    public void EightTogether() => _eight.Run();

    /// <inheritdoc/>
    public void Dispose()
    {
        _eight.Dispose();
        _meter.Dispose();
        GC.SuppressFinalize(this);
    }
}
