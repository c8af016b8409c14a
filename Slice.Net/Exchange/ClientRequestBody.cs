using System.IO.Pipelines;
using Slice.Core.Http;
using Slice.Net.Origin;

namespace Slice.Net.Exchange;

/// <summary>The body of the current request of a connection. One per connection, used for every request; one reader at a time.</summary>
internal abstract class ClientRequestBody : IRequestBodySource
{
    /// <summary>
    /// What the client sends after the request: a tunnel reads on from here. Its reads are cancelled when draining begins.
    /// </summary>
    public abstract PipeReader Input { get; }

    /// <summary>Whether every byte of the body was read, so that the next request can follow.</summary>
    public bool IsConsumed { get; protected set; }

    /// <summary>Why the body cannot be read; the connection closes after the answer.</summary>
    public RequestRejection Rejection { get; protected set; }

    /// <summary>Begins with the body that the head announces, of at most <paramref name="maxBytes"/> bytes; 0 is no limit.</summary>
    public abstract void Begin(RequestHead head, TimeoutSettings timeouts, long maxBytes);

    /// <inheritdoc/>
    /// <remarks><see cref="Rejection"/> tells why the body was refused, where the client can still be told.</remarks>
    public abstract Task CopyToAsync(IRequestBodySink destination, CancellationToken ct);
}
