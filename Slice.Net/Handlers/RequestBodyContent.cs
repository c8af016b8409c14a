using System.Net;
using Slice.Net.Connections;

namespace Slice.Net.Handlers;

/// <summary>The body of a request that is passed through: read from the client while it is sent to the origin, never held whole.</summary>
internal sealed class RequestBodyContent(RequestBodyReader body, long contentLength, CancellationToken connectionClosed) : HttpContent
{
    /// <summary>Told true when the upload begins to wait for the origin, false when for the client. Set before sending.</summary>
    public Action<bool>? OriginIsAwaited { get; set; }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        body.CopyToAsync(stream, OriginIsAwaited, connectionClosed);

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        body.CopyToAsync(stream, OriginIsAwaited, cancellationToken);

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = contentLength;
        return contentLength >= 0;
    }
}
