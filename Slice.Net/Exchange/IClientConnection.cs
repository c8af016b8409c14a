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
    /// Cancelled when the client has closed its side. As with nginx and Kestrel a half-closed connection counts as closed: waiting on
    /// behalf of that client ends.
    /// </summary>
    CancellationToken Closed { get; }

    /// <summary>
    /// Resets the connection, so that the client notices: what it received does not look whole, whatever the framing. What it has not read
    /// yet is lost.
    /// </summary>
    void Abort();
}
