namespace Slice.Net.Origin;

/// <summary>The body of a client's request, as whoever sends it to the origin sees it. One reader at a time.</summary>
internal interface IRequestBodySource
{
    /// <summary>Whether every byte of the body was read.</summary>
    bool IsConsumed { get; }

    /// <summary>Copies the whole body, at the pace of the slower side.</summary>
    /// <exception cref="RequestBodyException">
    /// The body broke off, came too slowly, is too large, or is not valid: the client's fault.
    /// </exception>
    /// <exception cref="IOException">The sink could not take it.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    Task CopyToAsync(IRequestBodySink destination, CancellationToken ct);
}
