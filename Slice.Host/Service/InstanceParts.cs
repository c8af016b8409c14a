using Microsoft.AspNetCore.Connections;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Net.Certificates;
using Slice.Net.Connections;
using Slice.Net.Exchange;
using Slice.Net.Handlers;

namespace Slice.Host.Service;

/// <summary>
/// What an <see cref="Instance"/> needs of everything that lives as long as it does: who serves its ports, what it tells balancers, and
/// what it logs. Immutable.
/// </summary>
internal sealed record InstanceParts
{
    /// <summary>Serves the ports of clients.</summary>
    public required ConnectionHandler Proxy { get; init; }

    /// <summary>Serves the metrics port.</summary>
    public required ConnectionHandler Admin { get; init; }

    /// <summary>Counts and bounds the connections of clients, on all their ports together.</summary>
    public required ConnectionLimit ClientConnections { get; init; }

    /// <summary>The same for the metrics port.</summary>
    public required ConnectionLimit AdminConnections { get; init; }

    /// <summary>Stands before every client connection; null when the PROXY protocol is off.</summary>
    public required ProxyProtocolMiddleware? ProxyProtocol { get; init; }

    /// <summary>The certificate for clients; null without TLS.</summary>
    public required ServerCertificate? Certificate { get; init; }

    /// <summary>What load balancers are told.</summary>
    public required InstanceState State { get; init; }

    /// <summary>The metrics.</summary>
    public required SliceMeter Meter { get; init; }

    /// <summary>Counts what is cut off when the instance stops.</summary>
    public required ShutdownCuts Cuts { get; init; }

    /// <summary>
    /// Goes through the locks of index, store and disk threads, as requests do, and returns; never, when one of them is stuck. Not for a
    /// thread that serves connections.
    /// </summary>
    public required Action ProbeStore { get; init; }

    /// <summary>
    /// Says size and place of the cache in words, as it is now and not as it was asked for: one in memory may move to its directory.
    /// </summary>
    public required Func<string> DescribeStore { get; init; }

    /// <summary>Puts the live keys of a reloaded configuration in force for what begins from now on; one call at a time.</summary>
    public required Action<SliceOptions> Apply { get; init; }

    /// <summary>Opens the files of logs again, which somebody may have moved away; from any thread.</summary>
    public required Action ReopenLogs { get; init; }

    /// <summary>Ends the events of open status pages, which would go on for ever; called when the metrics port closes.</summary>
    public required Action EndPages { get; init; }

    /// <summary>Ends all of it; the instance disposes it when no connection is left.</summary>
    public required IAsyncDisposable Owner { get; init; }
}
