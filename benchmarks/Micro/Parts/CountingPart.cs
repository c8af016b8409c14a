using Slice.Core.Observability;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>What a hit is counted by: eight figures of one event.</summary>
internal sealed class CountingPart : IHotPathPart, IDisposable
{
    private readonly SliceMeter _meter = new(TimeProvider.System);

    /// <inheritdoc/>
    public void Run()
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
    public void Dispose() => _meter.Dispose();
}
