using BenchmarkDotNet.Attributes;
using Slice.Benchmarks.Micro.Parts;

namespace Slice.Benchmarks.Micro;

/// <summary>
/// The parts of a hit that need no parameters, and the whole hit over a connection in memory. What each may allocate is recorded in
/// <c>benchmarks/allocations.json</c>, which the tests compare.
/// </summary>
[MemoryDiagnoser]
public class HotPathBenchmarks : IDisposable
{
    private readonly CacheKeyPart _cacheKey = new();
    private readonly LookUpPart _lookUp = new();
    private readonly ResponseHeadPart _responseHead = new();
    private readonly LeasePart _lease = new(isTouched: false);
    private readonly LeasePart _touch = new(isTouched: true);
    private readonly EvictionPart _eviction = new();
    private readonly CollapserPart _collapser = new();
    private readonly JournalPart _journal = new();
    private readonly HitPart _hit = new();
    private readonly HitPart _hitByRules = new(HotPathParts.ByRules);

    /// <summary>The beginning of an exchange up to its cache key, with host and escapes.</summary>
    [Benchmark]
    public void Cache_key() => _cacheKey.Run();

    /// <summary>An object found among a thousand.</summary>
    [Benchmark]
    public void Look_up() => _lookUp.Run();

    /// <summary>The head of a 206.</summary>
    [Benchmark]
    public void Response_head() => _responseHead.Run();

    /// <summary>A slice leased and given back that was used often already.</summary>
    [Benchmark]
    public void Lease() => _lease.Run();

    /// <summary>The same with a use that counts.</summary>
    [Benchmark]
    public void S3_fifo_touch() => _touch.Run();

    /// <summary>One victim and one new slice.</summary>
    [Benchmark]
    public void S3_fifo_turn() => _eviction.Run();

    /// <summary>A fetch in flight joined and left.</summary>
    [Benchmark]
    public void Collapser_join() => _collapser.Run();

    /// <summary>One record of a slice.</summary>
    [Benchmark]
    public void Journal_append() => _journal.Run();

    /// <summary>A request of 4 KiB and its response.</summary>
    [Benchmark]
    public void Hit_in_memory() => _hit.Run();

    /// <summary>The same where patterns and rules say something about the path.</summary>
    [Benchmark]
    public void Hit_in_memory_by_rules() => _hitByRules.Run();

    /// <inheritdoc/>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        foreach (IDisposable part in (ReadOnlySpan<IDisposable>)
            [_cacheKey, _lookUp, _responseHead, _lease, _touch, _eviction, _collapser, _journal, _hit, _hitByRules])
        {
            part.Dispose();
        }
    }
}
