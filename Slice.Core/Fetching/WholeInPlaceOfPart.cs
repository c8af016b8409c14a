using Slice.Core.Objects;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>
/// Asks for the whole object where a slice of it cannot be had as a part, for good: a client without us gets the whole (B59). Thread-safe.
/// </summary>
/// <remarks>
/// The slice goes on with the whole where bytes of both may be joined, and not too many come before the slice. Else the whole only shows
/// that the origin has it, so that the next request asks for that. A 404 in the middle, or a 412 to a version that was not even named, ends
/// the object for those who read it (B19), and the whole shows whether the origin contradicts itself.
/// </remarks>
/// <param name="attempts">Asks the origin.</param>
/// <param name="time">The clock.</param>
internal sealed class WholeInPlaceOfPart(SliceFetchAttempts attempts, TimeProvider time)
{
    // Objects of which a part has broken off, or did not come, without a byte. That passes by itself, mostly: not where it comes again.
    private readonly UncacheableKeys _broken = new(time);

    /// <summary>Whether the whole may be had though the part has failed.</summary>
    /// <param name="fetch">The slice.</param>
    /// <param name="failure">Why there is no part.</param>
    /// <param name="isAgain">Whether the whole was had before, and has broken off.</param>
    public bool CanHelp(SliceFetch fetch, Failure failure, bool isAgain) =>
        fetch.Whole is null
        && !fetch.Generation.IsWhole
        && (FetchErrors.MayBeOfThePart(failure) || (!isAgain && HasBrokenTwice(fetch, failure)));

    /// <summary>Whether the slice may go on with the whole.</summary>
    public static bool MayJoin(SliceFetch fetch, FetchContext context, Failure failure) =>
        (failure.Error.LeavesTheWhole() || IsBreak(failure))
        && fetch.Generation.Response.MayCombine
        && fetch.Generation.Grid.RangeOf(fetch.SliceIndex).Start <= context.Settings.FillWholeBytes;

    /// <summary>Asks once. The fetch has the whole when the slice goes on with it.</summary>
    /// <param name="fetch">The slice.</param>
    /// <param name="context">What the request looks like.</param>
    /// <param name="failure">Why there is no part.</param>
    /// <param name="refused">Told when the origin gives to anybody the whole and not the part; null for nobody to tell.</param>
    /// <returns>Why there is no part; or that the object has changed, when the whole shows it.</returns>
    /// <exception cref="OperationCanceledException">The process is stopping.</exception>
    public async Task<Failure> AskAsync(
        SliceFetch fetch, FetchContext context, Failure failure, Action<Generation, Failure>? refused)
    {
        var (whole, why) = await attempts.OpenWholeAsync(fetch, context);
        if (whole is null)
        {
            return why.Error == FetchError.ObjectChanged ? why : failure;
        }

        using (whole)
        {
            if (fetch.Generation is { IsShared: true, WasAskedAsOwn: false })
            {
                refused?.Invoke(fetch.Generation, failure);
            }

            if (MayJoin(fetch, context, failure) && fetch.TryRead())
            {
                fetch.Whole = whole.HandOverWithoutPermit();
            }
        }

        return failure;
    }

    private static bool IsBreak(Failure failure) =>
        failure.Error is FetchError.HttpResponseIncomplete or FetchError.HttpResponseTimeout;

    private bool HasBrokenTwice(SliceFetch fetch, Failure failure)
    {
        if (!IsBreak(failure) || fetch.AvailableBytes > 0)
        {
            return false;
        }

        bool isSecond = _broken.Contains(fetch.Generation.Key.Bytes);
        _broken.Add(fetch.Generation.Key.Bytes);
        return isSecond;
    }
}
