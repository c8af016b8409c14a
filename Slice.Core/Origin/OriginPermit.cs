namespace Slice.Core.Origin;

/// <summary>
/// The right to one request at the origin, given by an <see cref="OriginGate"/>. The owner disposes the permit when the request is over.
/// Thread-safe.
/// </summary>
public sealed class OriginPermit : IDisposable
{
    private readonly OriginGate _gate;
    private readonly CancellationSignal _revoked = new();

    internal OriginPermit(OriginGate gate, GateLine line)
    {
        (_gate, Line) = (gate, line);
        Place = new LinkedListNode<OriginPermit>(this);
    }

    /// <summary>
    /// Cancelled when the request is to end because others wait and the origin has not answered for long. Means nothing once the
    /// response head is there.
    /// </summary>
    public CancellationToken Revoked => _revoked.Token;

    /// <summary>Whose it is.</summary>
    internal GateLine Line { get; }

    /// <summary>Its place among those of its kind, the oldest first. Used under the gate's lock, as all below.</summary>
    internal LinkedListNode<OriginPermit> Place { get; }

    /// <summary>Timestamp of the request's begin, or of its response head.</summary>
    internal long Since { get; set; }

    /// <summary>Whether it counts among the slow ones, and not at the gate.</summary>
    internal bool IsSlow { get; set; }

    /// <summary>Whether it was given back.</summary>
    internal bool IsBack { get; set; }

    /// <summary>The response head is there: from now on the origin has the time of a body.</summary>
    public void HeadArrived() => _gate.HeadArrived(this);

    /// <summary>Gives the permit back; nothing when that was done before.</summary>
    public void Dispose() => _gate.Leave(this);

    /// <summary>Tells the request to end. Not under the gate's lock: whoever listens may give the permit back at once.</summary>
    internal void Revoke() => _revoked.Raise();
}
