using Slice.Core.SharedCache;
using Slice.Tests.Fuzzing;

namespace Slice.Tests.SharedCache.Chaos;

/// <summary>Real servers that a fleet shares, and what happens to them.</summary>
internal interface IFleetServers : IAsyncDisposable
{
    /// <summary>Opens a store over them.</summary>
    IKeyValueStore Open();

    /// <summary>Does something to them, and returns its name when that is over and they answer again.</summary>
    Task<string> HurtAsync(FuzzRandom random);
}
