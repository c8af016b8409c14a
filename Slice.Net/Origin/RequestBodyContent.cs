using System.Net;

namespace Slice.Net.Origin;

/// <summary>The body of a request that is passed through: read from the client while it is sent to the origin, never held whole.</summary>
internal sealed class RequestBodyContent(IRequestBodySource body, long contentLength, CancellationToken connectionClosed) : HttpContent
{
    /// <summary>Told true when the upload begins to wait for the origin, false when for the client. Set before sending.</summary>
    public Action<bool>? OriginIsAwaited { get; set; }

    /// <summary>Whether sending has begun: bytes of the client may be gone, and the request cannot be repeated.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Whether the whole body is on its way to the origin.</summary>
    public bool IsSent { get; private set; }

    /// <summary>Whether the client broke off its body or framed it wrongly, so that what failed is not the origin's fault.</summary>
    public bool IsBroken { get; private set; }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, connectionClosed);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        HasBegun = true;
        try
        {
            await body.CopyToAsync(stream, OriginIsAwaited, cancellationToken);
            IsSent = true;
        }
        catch (RequestBodyException)
        {
            IsBroken = true;
            throw;
        }
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = contentLength;
        return contentLength >= 0;
    }
}
