using Slice.Core.Objects;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>
/// Asks for an object as a whole, where a part of a known version cannot be had: the way a client without us would get it (B59).
/// Thread-safe.
/// </summary>
/// <param name="origin">The way to the origin.</param>
internal sealed class WholeOpener(GatedOrigin origin)
{
    /// <summary>
    /// Asks once, without a condition: an origin may refuse the part because of one. The answer's own validators tell the version.
    /// </summary>
    /// <param name="generation">The version that the body must be of.</param>
    /// <param name="context">What the request looks like.</param>
    /// <param name="abandoned">Cancelled when nobody waits for the answer any more.</param>
    /// <param name="ct">Ends the wait, and the reading of the body.</param>
    /// <returns>The answer, at the first byte of the object, owned by the caller; or why there is none.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    internal async Task<(PermittedResponse? Whole, Failure Failure)> OpenAsync(
        Generation generation, FetchContext context, CancellationToken abandoned, CancellationToken ct)
    {
        var settings = context.Settings;
        var request = new OriginRequest(context.Template, Range: null)
        {
            IsOfVersion = true,
            PreferredOrigin = generation.Origin,
            Abandoned = abandoned,
        };
        var (permitted, failure) = await origin.SendAsync(settings.Origin, request, settings.QueueTimeout, ct);
        if (permitted is null)
        {
            return (null, failure);
        }

        failure = Check(permitted.Response, generation, context) with { Origin = permitted.Response.Origin };
        if (!failure.IsError)
        {
            return (permitted, failure);
        }

        permitted.Dispose();
        return (null, failure);
    }

    private static Failure Check(OriginResponse response, Generation generation, FetchContext context)
    {
        if (response.Status != 200 || PartialResponseCheck.IsPart(response))
        {
            return new Failure(FetchError.OriginRefused, $"status {response.Status} to a request for the whole")
            {
                Status = response.Status,
            };
        }

        var failure = PartialResponseCheck.CheckWhole(response, generation.Response.Validator, context.Reader.ComparedBy);
        return failure.Error == FetchError.RangeIgnored ? Failure.None : failure;
    }
}
