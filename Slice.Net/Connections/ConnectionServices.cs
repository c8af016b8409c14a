using Slice.Net.Exchange;

namespace Slice.Net.Connections;

/// <summary>What every connection of one endpoint shares. Immutable.</summary>
/// <param name="Settings">The settings that the next request takes.</param>
/// <param name="Sweeper">Watches the deadlines of connections.</param>
/// <param name="Observer">Told of every exchange.</param>
/// <param name="Time">The clock.</param>
/// <param name="Log">The log.</param>
internal sealed record ConnectionServices(
    LiveSettings Settings, DeadlineSweeper Sweeper, IExchangeObserver Observer, TimeProvider Time, RequestLog Log)
{
    /// <summary>Whether clients are held to <c>limits.per_client</c>: not on the operator's port.</summary>
    public bool LimitsClients { get; init; } = true;

    /// <summary>
    /// Whether a connection on which nothing is asked stays open for a moment when the instance stops: the request of a client that sends
    /// it just then would be lost. Its answer ends the connection. Not on the operator's port, which closes last.
    /// </summary>
    public bool AwaitsLastRequest { get; init; } = true;

    /// <summary>The turns that connections take on the threads of the sockets.</summary>
    public required ThreadTurns Turns { get; init; }

    /// <summary>Tells what becomes of each request; null on the operator's port.</summary>
    public RequestStory? Story { get; init; }

    /// <summary>Whether somebody waits for a turn at the origin.</summary>
    public Func<bool> DoOthersWait { get; init; } = static () => false;
}
