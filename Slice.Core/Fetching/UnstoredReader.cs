using System.Buffers;
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
/// <param name="origin">The way to the origin.</param>
/// <param name="index">Loses the version that the origin does not have any more, so that the next request asks what there is.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">The metrics.</param>
public sealed class UnstoredReader(GatedOrigin origin, ObjectIndex index, TimeProvider time, SliceMeter meter)
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
        var retries = new RetryLoop(context.Settings.Retries, time, meter);
        int have = 0;
        while (true)
        {
            var rest = new ByteRange(piece.Start + have, piece.End);
            var (read, failure) = await AttemptAsync(generation, context, rest, buffer[have..], retries.FailedOrigin, ct);
            have += read;
            if (have == piece.Length)
            {
                return Failure.None;
            }

            // A part that is shorter than asked for is legal (B17), and no progress at all is a failure like any other.
            failure = failure.IsError ? failure : new Failure(FetchError.HttpResponseIncomplete, $"{piece.Length - have} bytes short");
            if (!await retries.WaitAsync(failure, ct))
            {
                RemoveIfChanged(generation, failure);
                return failure;
            }
        }
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
        while (true)
        {
            var result = await OpenOnceAsync(generation, context, skipBytes, retries.FailedOrigin, ct);
            if (result.Response is not null)
            {
                return result;
            }

            if (!await retries.WaitAsync(result.Failure, ct))
            {
                RemoveIfChanged(generation, result.Failure);
                return result;
            }
        }
    }

    // What is skipped comes at the origin's pace, so the permit is held until the bytes for the client begin.
    private async ValueTask<OriginResult> OpenOnceAsync(
        Generation generation, FetchContext context, long skipBytes, string? failedOrigin, CancellationToken ct)
    {
        var settings = context.Settings;
        var pinned = generation.Response.Validator;
        var request = new OriginRequest(context.Template, Range: null) { PinnedVersion = pinned, FailedOrigin = failedOrigin };
        var (permitted, failure) = await origin.SendAsync(settings.Origin, request, settings.QueueTimeout, ct);
        if (permitted is null)
        {
            return new OriginResult(null, failure);
        }

        using (permitted)
        {
            failure = await SkipAsync(permitted.Response, skipBytes, pinned);
            return failure.IsError
                ? new OriginResult(null, failure with { Origin = permitted.Response.Origin })
                : new OriginResult(permitted.HandOverWithoutPermit(), Failure.None);
        }
    }

    // The rule of SliceFetcher: any sign that the object changed ends the version that we hold. Without this the next request would find
    // the version again, and fail again.
    private void RemoveIfChanged(Generation generation, Failure failure)
    {
        if (failure.Error is FetchError.ObjectChanged or FetchError.UnexpectedStatus)
        {
            index.Remove(generation);
        }
    }

    private async ValueTask<(int Bytes, Failure Failure)> AttemptAsync(
        Generation generation, FetchContext context, ByteRange asked, Memory<byte> buffer, string? failedOrigin, CancellationToken ct)
    {
        var settings = context.Settings;
        var pinned = generation.Response.Validator;
        var request = new OriginRequest(context.Template, asked) { PinnedVersion = pinned, FailedOrigin = failedOrigin };
        var (permitted, failure) = await origin.SendAsync(settings.Origin, request, settings.QueueTimeout, ct);
        if (permitted is null)
        {
            return (0, failure);
        }

        using (permitted)
        {
            var response = permitted.Response;
            failure = PartialResponseCheck.CheckPinned(response, asked, pinned, out var part);
            if (failure.IsError)
            {
                return (0, failure with { Origin = response.Origin });
            }

            response.LimitTotalTime();
            int have = 0;
            while (have < part.Length)
            {
                var read = await response.ReadAsync(buffer[have..(int)part.Length]);
                if (read.Bytes == 0)
                {
                    return (have, read.Failure with { Origin = response.Origin });
                }

                meter.BytesFromOrigin.Add(read.Bytes);
                have += read.Bytes;
            }

            return (have, Failure.None);
        }
    }

    private async ValueTask<Failure> SkipAsync(OriginResponse response, long bytes, Validator pinned)
    {
        if (response.Status is 429 or 500 or 502 or 503 or 504)
        {
            return PartialResponseCheck.ServerError(response);
        }

        var current = PartialResponseCheck.ValidatorOf(response, response.ContentLength);
        if (response.Status != 200 || !(pinned.IsPresent && current.IsSameVersion(pinned)))
        {
            return new Failure(FetchError.ObjectChanged, $"status {response.Status}, had {pinned}, got {current}");
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            for (long left = bytes; left > 0;)
            {
                var read = await response.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, PieceBytes)));
                if (read.Bytes == 0)
                {
                    return read.Failure.IsError ? read.Failure : new Failure(FetchError.HttpResponseIncomplete, $"{left} bytes short");
                }

                meter.BytesFromOrigin.Add(read.Bytes);
                left -= read.Bytes;
            }

            return Failure.None;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
