using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// Lets the sender of one request see the connection that the pool chose for it. Begun before the request is sent and ended when its
/// response head is there; used by the flow that sends and the pool's reader, one after the other.
/// </summary>
/// <remarks>
/// The one AsyncLocal of the product, because the BCL leaves no other way: the pool tells nobody which of its connections carries a
/// request. It offers a filter when a connection is made, and calls that know the request end where it chooses a connection. But it writes
/// the request in the flow of its sender, and there <see cref="OriginConnection"/> finds the watch.
/// </remarks>
internal sealed class OriginWatch
{
    private static readonly AsyncLocal<OriginWatch?> s_current = new();

    private readonly IInterimResponseSink? _sink;
    private InterimResponseReader? _interim;

    private OriginWatch(IInterimResponseSink? sink) => _sink = sink;

    /// <summary>Repeats of the request by the pool, on another connection: 0 or 1.</summary>
    public int Repeats { get; private set; }

    /// <summary>Whether the pool wanted to repeat the request, and was not let.</summary>
    public bool HasRefused { get; private set; }

    /// <summary>Ends the exchange when the pool must not go on with it. Set before the request is sent.</summary>
    public OriginDeadline? Deadline { get; set; }

    /// <summary>The watch of the request that is being sent in this flow, or null.</summary>
    public static OriginWatch? Current => s_current.Value;

    /// <summary>
    /// The connection that carries the request; null before it is written. After a repeat on another connection, that one.
    /// </summary>
    public OriginConnection? Connection { get; private set; }

    /// <summary>Whether somebody wants to see the bytes before the final response head.</summary>
    public bool ReadsInterimResponses => _sink is { IsOpen: true } && _interim is not { IsDone: true };

    /// <summary>Begins to watch what the calling flow sends, until that flow's method returns.</summary>
    /// <param name="sink">Where interim responses go; null for nowhere.</param>
    public static OriginWatch Start(IInterimResponseSink? sink)
    {
        var watch = new OriginWatch(sink);
        s_current.Value = watch;
        return watch;
    }

    /// <summary>
    /// Called by the connection before the request, or a part of it, is written. False when it must not be.
    /// </summary>
    /// <remarks>
    /// The pool sends a request up to four times when connections end without an answer. Once more is right where the first connection had
    /// been kept: the origin may have closed it before it saw the request. An origin that takes a request on a new connection and hangs up
    /// has seen it, and how often it is asked is <see cref="RetryLoop"/>'s to say.
    /// </remarks>
    public bool TryBegin(OriginConnection connection)
    {
        if (Connection == connection)
        {
            return true;
        }

        if (Connection is { } before)
        {
            if (Repeats > 0 || !before.IsUsedAgain)
            {
                // Else the pool would go on to open connections for what is not going to be sent.
                HasRefused = true;
                Deadline?.Expire();
                return false;
            }

            Repeats++;
        }

        Connection = connection;
        _interim = null;
        return true;
    }

    /// <summary>Called by the connection with bytes it received, before the pool sees them.</summary>
    public async ValueTask ReceivedAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_sink is null)
        {
            return;
        }

        _interim ??= new InterimResponseReader();
        _interim.Append(bytes.Span);
        while (_interim.TryReadEarlyHints(out var fields))
        {
            await _sink.SendEarlyHintsAsync(fields);
        }
    }
}
