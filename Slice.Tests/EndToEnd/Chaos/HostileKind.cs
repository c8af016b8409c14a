namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>A kind of client that costs others something where a proxy is careless.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Act">Does it once. May throw what sockets throw.</param>
internal sealed record HostileKind(string Name, Func<HostileAct, Task> Act)
{
    /// <summary>
    /// Most acts in an ordinary run. Good requests that need a turn behind slow URLs wait for seconds (B54), so once is enough there.
    /// </summary>
    public int Acts { get; init; } = int.MaxValue;
}
