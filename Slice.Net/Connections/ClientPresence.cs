using System.Net.Sockets;
using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Net.Connections;

/// <summary>
/// Whether the client of a connection is there to be answered. Made at the first wait on behalf of the client: answers from the store need
/// none. Thread-safe.
/// </summary>
/// <remarks>
/// A client that resets the connection is gone at once. One whose stream has ended (FIN) may have closed the connection, or only its own
/// direction, as RFC 9112 §9.6 allows: <c>nc -N</c> does so behind its request. The two look the same until something is sent: a
/// connection that was closed answers with a reset. So the client counts as there for <c>timeouts.half_closed</c>, each byte that it
/// takes begins the time anew, and it is looked at once a second. Others come first (B54): while somebody waits for a turn at the origin,
/// a client that has taken nothing for a second counts as gone.
/// </remarks>
internal sealed class ClientPresence : ISwept, IDisposable
{
    // As long as between two looks, so that a client which takes bytes all the time has shown it.
    private static readonly TimeSpan s_patienceWhileOthersWait = TimeSpan.FromSeconds(1);

    private readonly CancellationSignal _gone = new();
    private readonly ConnectionServices _services;
    private readonly Socket? _socket;
    private readonly CancellationTokenRegistration _ending;

    // When the client was there for certain, and what it had taken by then. Written by the end of the stream, then by the sweeper alone.
    private long _seenAt;
    private long _bytesTaken;

    /// <summary>The client of a connection.</summary>
    /// <param name="services">What the connection shares with others.</param>
    /// <param name="socket">
    /// The socket of the connection, also under TLS; null where there is none: a client whose stream ends is gone then.
    /// </param>
    /// <param name="timeouts">Those of the request.</param>
    /// <param name="streamEnded">Cancelled when the client has ended or reset the connection, or we have aborted it.</param>
    public ClientPresence(ConnectionServices services, Socket? socket, TimeoutSettings timeouts, CancellationToken streamEnded)
    {
        (_services, _socket, Timeouts) = (services, socket, timeouts);
        _ending = streamEnded.UnsafeRegister(static presence => ((ClientPresence)presence!).EndStream(), this);
    }

    /// <summary>Cancelled when the client counts as gone.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>Those of the request under way.</summary>
    public TimeoutSettings Timeouts { get; set; }

    /// <inheritdoc/>
    public void Sweep(long now)
    {
        if (!ClientProgress.IsHalfClosed(_socket, out long bytesTaken))
        {
            Leave();
        }
        else if (bytesTaken > _bytesTaken)
        {
            (_seenAt, _bytesTaken) = (now, bytesTaken);
        }
        else if (_services.Time.GetElapsedTime(_seenAt, now) is var silence
            && (now - _seenAt >= Timeouts.HalfClosed || (silence >= s_patienceWhileOthersWait && _services.DoOthersWait())))
        {
            Leave();
        }
    }

    /// <summary>Ends with the connection.</summary>
    public void Dispose()
    {
        // Waits for an end of the stream that is being noticed, so nothing is swept after the removal.
        _ending.Dispose();
        _services.Sweeper.Remove(this);
    }

    private void EndStream()
    {
        _seenAt = _services.Time.GetTimestamp();
        if (Timeouts.HalfClosed > 0 && ClientProgress.IsHalfClosed(_socket, out _bytesTaken))
        {
            _services.Sweeper.Add(this);
        }
        else
        {
            Leave();
        }
    }

    private void Leave()
    {
        _services.Sweeper.Remove(this);
        _gone.Raise();
    }
}
