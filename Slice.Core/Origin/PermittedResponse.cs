namespace Slice.Core.Origin;

/// <summary>
/// A response of the origin together with the permit of the <see cref="OriginGate"/> under which it was asked for. Exactly one owner; the
/// owner disposes it, or hands it over. Not thread-safe.
/// </summary>
public sealed class PermittedResponse : IDisposable
{
    private readonly OriginGate _gate;
    private OriginResponse? _response;

    /// <summary>Takes over a response and the permit that the caller has.</summary>
    public PermittedResponse(OriginResponse response, OriginGate gate) => (_response, _gate) = (response, gate);

    /// <summary>The response, until it is disposed or handed over.</summary>
    /// <exception cref="ObjectDisposedException">It is somebody else's by now.</exception>
    public OriginResponse Response => _response ?? throw new ObjectDisposedException(nameof(PermittedResponse));

    /// <summary>Gives response and permit to another owner; this one has nothing left.</summary>
    public PermittedResponse HandOver() => new(Take(), _gate);

    /// <summary>
    /// Gives the response to another owner, and the permit back to the gate: what goes on at a client's pace must not hold a permit.
    /// </summary>
    public OriginResponse HandOverWithoutPermit()
    {
        var response = Take();
        _gate.Leave();
        return response;
    }

    /// <summary>Ends the response and gives the permit back; nothing when both were handed over.</summary>
    public void Dispose()
    {
        if (_response is not null)
        {
            Take().Dispose();
            _gate.Leave();
        }
    }

    private OriginResponse Take()
    {
        var response = Response;
        _response = null;
        return response;
    }
}
