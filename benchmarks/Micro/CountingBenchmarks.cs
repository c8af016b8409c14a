using BenchmarkDotNet.Attributes;
using Slice.Core.Observability;

namespace Slice.Benchmarks.Micro;

/// <summary>What a request pays for what is counted of it: one figure by itself, and as one of several. Nothing may be allocated.</summary>
[MemoryDiagnoser]
public class CountingBenchmarks : IDisposable
{
    private readonly SliceMeter _meter = new(TimeProvider.System);
    private readonly TimeSpan _duration = TimeSpan.FromMilliseconds(3);

    /// <summary>One count.</summary>
    [Benchmark]
    public void Count() => _meter.CacheHits.Add(1);

    /// <summary>One duration; 3 ms lies in the fourth bucket.</summary>
    [Benchmark]
    public void Duration() => _meter.RequestDuration.Record(_duration);

    /// <summary>Eight counts of one event.</summary>
    [Benchmark]
    public void EightTogether()
    {
        using var entry = _meter.Open();
        entry.Add(_meter.Responses, 2);
        entry.Add(_meter.CacheResults, 1);
        entry.Add(_meter.BytesToClient, 4096);
        entry.Add(_meter.BytesFromCache, 4096);
        entry.Add(_meter.CacheHits, 1);
        entry.Add(_meter.CacheMisses, 1);
        entry.Add(_meter.Subrequests, 1);
        entry.Add(_meter.BytesFromOrigin, 1);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        GC.SuppressFinalize(this);
    }
}
