using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>Moves the bytes of one slice into the store: from the origin, or from where they are already. Thread-safe.</summary>
/// <param name="reader">Reads them from the origin.</param>
/// <param name="store">Where the bytes go.</param>
/// <param name="meter">The metrics.</param>
/// <param name="stopping">Cancelled at the end of the process; ends every attempt.</param>
public sealed class SliceFetchAttempts(PartReader reader, SliceStore store, SliceMeter meter, CancellationToken stopping)
{
    // As much as one read from an origin brings on the way.
    private const int FirstBytes = 128 << 10;

    /// <summary>Fills the slice of one fetch. Returns no failure when it is complete and committed.</summary>
    /// <param name="fetch">The fetch; its owner calls this once.</param>
    /// <param name="context">What the subrequests look like.</param>
    /// <param name="open">A response that is open already; it passes to this call. Null to ask.</param>
    /// <param name="part">The bytes that <paramref name="open"/> has.</param>
    /// <exception cref="OperationCanceledException">The process is stopping.</exception>
    internal Task<Failure> FillAsync(SliceFetch fetch, FetchContext context, PermittedResponse? open, ByteRange part) =>
        reader.ReadAllAsync(NewTarget(fetch), fetch.Generation, context, RangeOf(fetch), open, part, stopping);

    /// <summary>
    /// Fills the slice of one fetch with the next bytes of a body that holds the whole object. No failure when it is complete and
    /// committed.
    /// </summary>
    internal async Task<Failure> FillFromWholeAsync(SliceFetch fetch, OriginResponse response)
    {
        var target = NewTarget(fetch);
        var failure = await target.PrepareAsync();

        // The beginning of the slice may have come as a part.
        failure = failure.IsError ? failure : await reader.SkipAsync(response, fetch.AvailableBytes);
        bool isLast = RangeOf(fetch).End == fetch.Generation.CompleteLength;
        return failure.IsError ? failure
            : await reader.ReadBodyAsync(target, response, fetch.LengthBytes - fetch.AvailableBytes, endsThere: isLast);
    }

    /// <summary>Asks for the whole object in place of the slice of one fetch. The caller owns the answer.</summary>
    internal Task<(PermittedResponse? Whole, Failure Failure)> OpenWholeAsync(SliceFetch fetch, FetchContext context) =>
        reader.Wholes.OpenAsync(fetch.Generation, context, fetch.Abandoned, stopping);

    /// <summary>Waits for a turn to read on in a body that is open; null when none came in time. The caller disposes the permit.</summary>
    internal ValueTask<OriginPermit?> TryEnterAsync(FetchContext context) => reader.TryEnterAsync(context, stopping);

    /// <summary>Reads bytes of a body and drops them. No failure when all of them have come.</summary>
    internal Task<Failure> SkipAsync(OriginResponse response, long bytes) => reader.SkipAsync(response, bytes);

    /// <summary>
    /// Fills the slice of one fetch, from where it is filled to, with bytes that are all there. False when the store does not take all of
    /// them; the origin, which is asked for the rest instead, says what the client is to be told.
    /// </summary>
    internal async ValueTask<bool> TryFillWithAsync(SliceFetch fetch, ReadOnlyMemory<byte> bytes)
    {
        var target = NewTarget(fetch);
        if (!fetch.TryRead() || (await target.PrepareAsync()).IsError)
        {
            return false;
        }

        // The beginning alone first: the client has the first byte before the rest is written.
        int beginning = fetch.AvailableBytes == 0 ? Math.Min(bytes.Length, FirstBytes) : bytes.Length;
        return !(await target.TakeAsync(bytes[..beginning])).IsError
            && (beginning == bytes.Length || !(await target.TakeAsync(bytes[beginning..])).IsError);
    }

    private SlicePartTarget NewTarget(SliceFetch fetch) => new(fetch, store, meter);

    private static ByteRange RangeOf(SliceFetch fetch) => fetch.Generation.Grid.RangeOf(fetch.SliceIndex, fetch.Generation.CompleteLength);
}
