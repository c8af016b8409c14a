namespace Slice.Core.Origin;

/// <summary>
/// Sends one GET to the origin. Thread-safe. Implementations keep <c>timeouts.connect</c>, <c>first_byte</c>, <c>between_bytes</c> and
/// <c>subrequest_total</c>.
/// </summary>
public interface IOriginClient
{
    /// <summary>
    /// Sends the request and waits for the response head. Expected failures come back in the result; the caller disposes the response.
    /// <paramref name="ct"/> also ends the reading of the body.
    /// </summary>
    /// <exception cref="OperationCanceledException">
    /// <paramref name="ct"/> was cancelled, or <see cref="OriginRequest.Abandoned"/> before the head was there.
    /// </exception>
    ValueTask<OriginResult> SendAsync(OriginRequest request, CancellationToken ct);
}
