using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;

namespace Slice.Core.Fetching;

/// <summary>
/// Reads bytes of an object past the store, for a response whose slices the store does not take: through the gate, with the version pinned,
/// with repeats, and resumed at the byte reached. Thread-safe.
/// </summary>
/// <remarks>
/// A permit is never held at a client's pace. So a range is asked for in pieces, each read whole into the caller's buffer before the caller
/// sends the piece. An origin without ranges gives one body from the beginning; its permit goes back as soon as the head is there, as for
/// any body that streams at a client's pace.
/// </remarks>
/// <param name="reader">Reads the pieces.</param>
/// <param name="origin">The way to the origin, for a whole object.</param>
/// <param name="index">Loses the version that the origin does not have any more, so that the next request asks what there is.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">The metrics.</param>
public sealed class UnstoredReader(PartReader reader, GatedOrigin origin, ObjectIndex index, TimeProvider time, SliceMeter meter)
{
    /// <summary>
    /// Bytes of one piece, and of a caller's buffer. As much as a fetch reads at once; a connection holds no more while its client is slow.
    /// </summary>
    public const int PieceBytes = 128 << 10;

    /// <summary>Reads the next piece of a range of an object whose origin knows ranges.</summary>
    /// <param name="generation">The version that the bytes must be of.</param>
    /// <param name="context">What the subrequest looks like.</param>
    /// <param name="piece">The bytes, at most <see cref="PieceBytes"/>.</param>
    /// <param name="buffer">Where they go; holds the piece.</param>
    /// <param name="ct">The client's.</param>
    /// <returns>No failure when the whole piece is in the buffer.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<Failure> ReadAsync(
        Generation generation, FetchContext context, ByteRange piece, Memory<byte> buffer, CancellationToken ct)
    {
        var failure = await reader.ReadAllAsync(
            new BufferTarget(buffer[..(int)piece.Length]), generation, context, piece, open: null, part: default, ct);
        EndIfFailed(generation, failure);
        if (!failure.IsError)
        {
            meter.CompletedSubrequests.Add(1);
        }

        return failure;
    }

    /// <summary>
    /// Opens the body of an object that the origin gives as a whole only, and skips what the client has already. Without a validator nobody
    /// can say that the rest would fit.
    /// </summary>
    /// <param name="generation">The version that the body must be of.</param>
    /// <param name="context">What the subrequest looks like.</param>
    /// <param name="skipBytes">Bytes at the beginning that are read and dropped.</param>
    /// <param name="ct">The client's; also ends the reading of the body.</param>
    /// <returns>The response, owned by the caller, or why there is none.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<OriginResult> OpenWholeAsync(Generation generation, FetchContext context, long skipBytes, CancellationToken ct)
    {
        var retries = new RetryLoop(context.Settings.Retries, time, meter);
        bool isPinned = !origin.Refusals.Contains(context.Settings.Origin, time);
        while (true)
        {
            var result = await OpenOnceAsync(generation, context, skipBytes, isPinned, retries.FailedOrigin, ct);
            if (result.Response is not null)
            {
                meter.CompletedSubrequests.Add(1);
                return result;
            }

            if (!retries.TryAskAgain(result.Failure) && !await retries.WaitAsync(result.Failure, ct))
            {
                EndIfFailed(generation, result.Failure);
                return result;
            }

            isPinned &= !FetchErrors.MayBeOfOurRequest(result.Failure.Status)
                && !(retries.IsLastTry && FetchErrors.MayBeOfThePin(result.Failure));
        }
    }

    // What is skipped comes at the origin's pace, so the permit is held until the bytes for the client begin.
    private async ValueTask<OriginResult> OpenOnceAsync(
        Generation generation, FetchContext context, long skipBytes, bool isPinned, string? failedOrigin, CancellationToken ct)
    {
        var settings = context.Settings;
        var pinned = generation.Response.Validator;
        var request = new OriginRequest(context.Template, Range: null)
        {
            PinnedVersion = isPinned ? pinned.For(context.Reader.ComparedBy) : null,
            IsOfVersion = true,
            FailedOrigin = failedOrigin,
            PreferredOrigin = generation.Origin,
        };
        var (permitted, failure) = await origin.SendAsync(settings.Origin, request, settings.QueueTimeout, ct);
        if (permitted is null)
        {
            return new OriginResult(null, failure);
        }

        using (permitted)
        {
            failure = await SkipAsync(permitted.Response, skipBytes, pinned, context.Reader.ComparedBy);
            return failure.IsError
                ? new OriginResult(null, failure with { Origin = permitted.Response.Origin })
                : new OriginResult(permitted.HandOverWithoutPermit(), Failure.None);
        }
    }

    // The rules of SliceFetcher: a subrequest that failed for good is counted, and any sign that the object changed ends the version that
    // we hold. Without this the next request would find the version again, and fail again.
    private void EndIfFailed(Generation generation, Failure failure)
    {
        if (failure.IsError && failure.Error != FetchError.RangeIgnored)
        {
            meter.FailedSubrequests.Add(1);
        }

        if (failure.Error is FetchError.ObjectChanged or FetchError.UnexpectedStatus)
        {
            index.RemoveChanged(generation);
        }
    }

    private async ValueTask<Failure> SkipAsync(OriginResponse response, long bytes, Validator pinned, ValidatorStrength comparedBy)
    {
        if (PartialResponseCheck.MayPass(response.Status))
        {
            return PartialResponseCheck.ServerError(response);
        }

        if (response.Status != 200
            || PartialResponseCheck.CheckWhole(response, pinned, comparedBy).Error != FetchError.RangeIgnored)
        {
            var current = PartialResponseCheck.ValidatorOf(response, response.ContentLength);
            return new Failure(FetchError.ObjectChanged, $"status {response.Status}, had {pinned}, got {current}")
            {
                Status = response.Status,
            };
        }

        return await reader.SkipAsync(response, bytes);
    }

    // Bytes that go to the caller as they are.
    private sealed class BufferTarget(Memory<byte> buffer) : IPartTarget
    {
        public int TakenBytes { get; private set; }

        public Memory<byte> Memory => buffer[TakenBytes..];

        // The one who wants the piece ends the reading by the token of the call.
        public CancellationToken Abandoned => CancellationToken.None;

        // One waits already.
        public CancellationToken Wanted => CancellationToken.None;

        public bool TryAwait() => true;

        public FetchContext NextToAsk(FetchContext current) => current;

        public bool TryRead() => true;

        public ValueTask<Failure> PrepareAsync() => new(Failure.None);

        public ValueTask<Failure> TakeAsync(int startBytes, int bytes)
        {
            TakenBytes += bytes;
            return new(Failure.None);
        }

        public void Keep(PermittedResponse whole)
        {
            // The caller asks anew, from the byte where the client is.
        }

        public void EndPart()
        {
            // The buffer is the caller's.
        }
    }
}
