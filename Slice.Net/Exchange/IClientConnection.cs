using System.Net;

namespace Slice.Net.Exchange;

/// <summary>The connection to a client, as far as an exchange on it needs to know. Its properties do not change.</summary>
internal interface IClientConnection
{
    /// <summary>Where responses go.</summary>
    ClientWriter Writer { get; }

    /// <summary>Where request bodies come from.</summary>
    ClientRequestBody Body { get; }

    /// <summary>The other side; null when a balancer does not say.</summary>
    EndPoint? RemoteEndPoint { get; }

    /// <summary>Whether the client speaks TLS to us.</summary>
    bool IsTls { get; }

    /// <summary>
    /// Cancelled when the client has gone, so that waiting on its behalf ends: at once when it resets the connection; when it has only
    /// ended its own direction, once it turns out to be gone, others wait, or <c>timeouts.half_closed</c> is over. Costs something at the
    /// first use on a connection: not for answers from the store.
    /// </summary>
    CancellationToken Closed { get; }

    /// <summary>
    /// Resets the connection, so that the client notices: what it received does not look whole, whatever the framing. What it has not read
    /// yet is lost.
    /// </summary>
    void Abort();
}
