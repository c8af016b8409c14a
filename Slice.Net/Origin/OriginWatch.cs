namespace Slice.Net.Origin;

/// <summary>
/// Lets the sender of one request see the connection that the pool chose for it. Begun before the request is sent and ended when its
/// response head is there; used by the flow that sends and the pool's reader, one after the other.
/// </summary>
internal sealed class OriginWatch
{
    private static readonly AsyncLocal<OriginWatch?> s_current = new();

    private readonly EarlyHints? _hints;
    private InterimResponseReader? _interim;

    private OriginWatch(EarlyHints? hints) => _hints = hints;

    /// <summary>The watch of the request that is being sent in this flow, or null.</summary>
    public static OriginWatch? Current => s_current.Value;

    /// <summary>The connection that carries the request; null before it is written. After a repeat on another connection, that one.</summary>
    public OriginConnection? Connection { get; private set; }

    /// <summary>Whether somebody wants to see the bytes before the final response head.</summary>
    public bool ReadsInterimResponses => _hints is { IsOpen: true } && _interim is not { IsDone: true };

    /// <summary>Begins to watch what the calling flow sends, until that flow's method returns.</summary>
    /// <param name="hints">Where Early Hints go; null for nowhere.</param>
    public static OriginWatch Start(EarlyHints? hints)
    {
        var watch = new OriginWatch(hints);
        s_current.Value = watch;
        return watch;
    }

    /// <summary>Called by the connection when the request, or a part of it, is written.</summary>
    public void Begin(OriginConnection connection)
    {
        if (Connection != connection)
        {
            Connection = connection;
            _interim = null;
        }
    }

    /// <summary>Called by the connection with bytes it received, before the pool sees them.</summary>
    public async ValueTask ReceivedAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_hints is null)
        {
            return;
        }

        _interim ??= new InterimResponseReader();
        _interim.Append(bytes.Span);
        while (_interim.TryReadEarlyHints(out var head))
        {
            await _hints.SendAsync(head);
        }
    }
}
