using Slice.Core.Fetching;
using Slice.Core.Objects;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>A fetch in flight found among a hundred, joined and left again; its first follower stays.</summary>
internal sealed class CollapserPart : IHotPathPart, IDisposable
{
    private const int Fetches = 100;

    private readonly WarmInstance _instance = new();
    private readonly RequestCollapser _collapser = new();
    private readonly Generation _generation;

    public CollapserPart()
    {
        _generation = new Generation(
            _instance.Generation.Key,
            WarmInstance.ResponseOf((long)Fetches << 20),
            WarmInstance.Grid,
            isShared: true,
            _instance.Composition.Store);
        for (int index = 0; index < Fetches; index++)
        {
            var fetch = new SliceFetch(_generation, index);
            if (!fetch.TryFollow() || !_collapser.TryAdd(fetch))
            {
                throw new InvalidOperationException("The fetch was not taken.");
            }
        }
    }

    /// <inheritdoc/>
    public void Run()
    {
        if (!_collapser.TryFollow(_generation, Fetches / 2, out var fetch))
        {
            throw new InvalidOperationException("There is no fetch.");
        }

        fetch.StopFollowing();
    }

    /// <inheritdoc/>
    public void Dispose() => _instance.Dispose();
}
