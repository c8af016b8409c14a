using System.Net;
using Slice.Net.Connections;

namespace Slice.Net.Handlers;

/// <summary>The body of a request that is passed through: read from the client while it is sent to the origin, never held whole.</summary>
internal sealed class RequestBodyContent(RequestBodyReader body, long contentLength, CancellationToken connectionClosed) : HttpContent
{
    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        body.CopyToAsync(stream, connectionClosed);

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        body.CopyToAsync(stream, cancellationToken);

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = contentLength;
        return contentLength >= 0;
    }
}
