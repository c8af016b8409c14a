namespace Slice.Net.Origin;

/// <summary>The body of a client's request, as whoever sends it to the origin sees it. One reader at a time.</summary>
internal interface IRequestBodySource
{
    /// <summary>
    /// Copies the whole body, at the pace of the slower side. <paramref name="destinationIsAwaited"/> is told true before each wait for
    /// the destination, and when all is written; false before each wait for the client.
    /// </summary>
    /// <exception cref="RequestBodyException">
    /// The body broke off, came too slowly, is too large, or is not valid: the client's fault.
    /// </exception>
    /// <exception cref="IOException">The destination could not be written.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    Task CopyToAsync(Stream destination, Action<bool>? destinationIsAwaited, CancellationToken ct);
}
