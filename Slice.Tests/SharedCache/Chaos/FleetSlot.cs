using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Chaos;

/// <summary>The place of an instance, and which one is there.</summary>
/// <param name="Number">Of all instances of a run no two have the same.</param>
/// <param name="Proxy">The instance.</param>
/// <param name="Weather">What is between the instance and the servers.</param>
internal sealed record FleetSlot(int Number, ProxyUnderTest Proxy, Weather Weather)
{
    /// <summary>Whether it was killed: what it answers, and whether, says nothing.</summary>
    public volatile bool IsKilled;
}
