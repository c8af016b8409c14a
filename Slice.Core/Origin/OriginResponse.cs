using System.Collections.Immutable;
using Slice.Core.Http;

namespace Slice.Core.Origin;

/// <summary>
/// A response from the origin whose body is still to be read. One reader at a time; disposing it before the end of the body closes
/// or drains the connection.
/// </summary>
public abstract class OriginResponse : IDisposable
{
    /// <summary>Name of the address of the origin that answers; null when there is only one way to it.</summary>
    public virtual string? Origin => null;

    /// <summary>Status code.</summary>
    public abstract int Status { get; }

    /// <summary>Reason phrase, for passing on.</summary>
    public abstract string ReasonPhrase { get; }

    /// <summary>
    /// Every field line in the order received, without interpretation. They are looked through some thirty times for each response that is
    /// stored: an array, as each step of an interface's enumerator is two calls that nothing can inline.
    /// </summary>
    public abstract ImmutableArray<ForwardedField> Fields { get; }

    /// <summary>Length of the body by Content-Length, or -1 when it is not stated.</summary>
    public abstract long ContentLength { get; }

    /// <summary>
    /// Whether the end of the body shows in its framing; false when it is the end of the connection, whatever caused that.
    /// </summary>
    public virtual bool HasMarkedEnd => true;

    /// <summary>
    /// Reads the next bytes of the body: as many as there are, at most the buffer. 0 bytes and no failure is the end of the body as
    /// the framing states it; a body that ends earlier is <see cref="FetchError.HttpResponseIncomplete"/>.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token that was given when the request was sent was cancelled.</exception>
    public abstract ValueTask<BodyRead> ReadAsync(Memory<byte> buffer);

    /// <summary>
    /// Takes bytes of the body that are here already, at most the buffer; 0 when there are none, whether or not the body is over.
    /// </summary>
    public virtual int ReadBuffered(Span<byte> buffer) => 0;

    /// <summary>
    /// From now on the whole body must be read within <c>timeouts.subrequest_total</c> of the request; a read after that is
    /// <see cref="FetchError.HttpResponseTimeout"/>. For the body of a slice; one that is read at a client's pace has no such end.
    /// </summary>
    public virtual void LimitTotalTime()
    {
    }

    /// <summary>
    /// From now on a body that stands still, as the origin's bodies do not as a rule, is cut (<see cref="Failure.IsCut"/>). For a body that
    /// can be gone on with elsewhere.
    /// </summary>
    public virtual void CutWhenStill()
    {
    }

    /// <summary>Ends the exchange: a read in progress or to come fails. Safe from any thread until disposed.</summary>
    public abstract void Abort();

    /// <summary>The only line of a field; null when it is absent or stands more than once.</summary>
    public string? FindSingle(string name) => FieldLines.FindSingle(Fields.AsSpan(), name);

    /// <summary>All lines of a field joined by comma (RFC 9110 §5.3); null when it is absent.</summary>
    public string? FindCombined(string name) => FieldLines.Combine(Fields.AsSpan(), name);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the connection back or closes it.</summary>
    protected abstract void Dispose(bool disposing);
}
