namespace Slice.Core.Origin;

/// <summary>
/// A response of the origin together with the permit of the <see cref="OriginGate"/> under which it was asked for. Exactly one owner; the
/// owner disposes it, or hands it over. Not thread-safe.
/// </summary>
public sealed class PermittedResponse : IDisposable
{
    private readonly OriginPermit _permit;
    private OriginResponse? _response;

    /// <summary>Takes over a response and the permit that the caller has.</summary>
    /// <param name="response">The response.</param>
    /// <param name="permit">The permit.</param>
    /// <param name="sentAt">When the request was sent, as a timestamp of the clock.</param>
    public PermittedResponse(OriginResponse response, OriginPermit permit, long sentAt) =>
        (_response, _permit, SentAt) = (response, permit, sentAt);

    /// <summary>When the request was sent, as a timestamp of the clock.</summary>
    public long SentAt { get; }

    /// <summary>Whether the response is another owner's by now, or has ended.</summary>
    public bool IsTaken => _response is null;

    /// <summary>The response, until it is disposed or handed over.</summary>
    /// <exception cref="ObjectDisposedException">It is somebody else's by now.</exception>
    public OriginResponse Response => _response ?? throw new ObjectDisposedException(nameof(PermittedResponse));

    /// <summary>Gives response and permit to another owner; this one has nothing left.</summary>
    public PermittedResponse HandOver() => new(Take(), _permit, SentAt);

    /// <summary>
    /// Gives the response to another owner, and the permit back to the gate: what goes on at a client's pace must not hold a permit.
    /// </summary>
    public OriginResponse HandOverWithoutPermit()
    {
        var response = Take();
        _permit.Dispose();
        return response;
    }

    /// <summary>Ends the response and gives the permit back; nothing when both were handed over.</summary>
    public void Dispose()
    {
        if (_response is not null)
        {
            Take().Dispose();
            _permit.Dispose();
        }
    }

    private OriginResponse Take()
    {
        var response = Response;
        _response = null;
        return response;
    }
}
