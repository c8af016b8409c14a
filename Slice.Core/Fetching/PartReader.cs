using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;

namespace Slice.Core.Fetching;

/// <summary>
/// Reads a range of an object from the origin: asks for exactly its bytes with the version pinned (<c>If-Match</c>), resumes a body that
/// breaks off at the byte reached, and repeats what may pass, without holding a permit of the gate meanwhile. Thread-safe.
/// </summary>
/// <param name="origin">The way to the origin.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">The metrics.</param>
public sealed class PartReader(GatedOrigin origin, TimeProvider time, SliceMeter meter)
{
    /// <summary>
    /// Answers that give fewer bytes than asked for, per range. They are legal (RFC 9110 §15.3.7), each costs a request, and an origin
    /// that gives a byte at a time must not keep us for ever. Arbitrary.
    /// </summary>
    private const int MaxShortParts = 64;

    /// <summary>Reads every byte of a range. Returns no failure when the target has taken all of them.</summary>
    /// <param name="target">Where the bytes go.</param>
    /// <param name="generation">The version that the bytes must be of.</param>
    /// <param name="context">What the subrequests look like.</param>
    /// <param name="whole">The range.</param>
    /// <param name="open">A response that is open already; it passes to this call. Null to ask.</param>
    /// <param name="part">The bytes that <paramref name="open"/> has.</param>
    /// <param name="ct">Ends every wait.</param>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    internal async Task<Failure> ReadAllAsync(
        IPartTarget target, Generation generation, FetchContext context, ByteRange whole, PermittedResponse? open, ByteRange part,
        CancellationToken ct)
    {
        var retries = new RetryLoop(context.Settings.Retries, time, meter, target.Abandoned);
        int shortParts = 0;
        while (true)
        {
            var failure = open is null
                ? await AskAsync(target, generation, context, new ByteRange(whole.Start + target.TakenBytes, whole.End), retries, ct)
                : await ContinueAsync(target, open, part);
            open = null;
            if (failure.IsError)
            {
                // Who leaves during the wait ends it.
                if (!target.TryAwait() || !await retries.WaitAsync(failure, ct))
                {
                    return failure;
                }

                context = failure.Error.DependsOnWhoAsks() ? target.NextToAsk(context) : context;
            }
            else if (target.TakenBytes == whole.Length)
            {
                return Failure.None;
            }
            else if (++shortParts > MaxShortParts)
            {
                return new Failure(
                    FetchError.UnusablePartialResponse, $"more than {MaxShortParts} answers shorter than asked for in one range");
            }
        }
    }

    /// <summary>
    /// Reads the next <paramref name="bytes"/> of a body that is open. Returns no failure when the target has taken them.
    /// </summary>
    internal async Task<Failure> ReadBodyAsync(IPartTarget target, OriginResponse response, long bytes)
    {
        try
        {
            for (long left = bytes; left > 0;)
            {
                var memory = target.Memory;
                var read = await response.ReadAsync(memory[..(int)Math.Min(memory.Length, left)]);
                if (read.Failure.IsError)
                {
                    return read.Failure;
                }

                if (read.Bytes == 0)
                {
                    return new Failure(FetchError.HttpResponseIncomplete, $"{left} bytes short of its Content-Range");
                }

                meter.BytesFromOrigin.Add(read.Bytes);
                left -= read.Bytes;
                var failure = left > 0 ? Failure.None : await CheckEndAsync(response);
                failure = failure.IsError ? failure : await target.TakeAsync(read.Bytes);
                if (failure.IsError)
                {
                    return failure;
                }
            }

            return Failure.None;
        }
        finally
        {
            target.EndPart();
        }
    }

    private async Task<Failure> AskAsync(
        IPartTarget target, Generation generation, FetchContext context, ByteRange asked, RetryLoop retries, CancellationToken ct)
    {
        if (!target.TryAwait())
        {
            return new Failure(FetchError.Abandoned);
        }

        long startedAt = 0;
        var pinned = generation.Response.Validator;
        var request = new OriginRequest(context.Template, asked)
        {
            PinnedVersion = pinned,
            FailedOrigin = retries.FailedOrigin,
            Abandoned = target.Abandoned,
        };
        var settings = context.Settings;
        var (permitted, failure) = await origin.SendAsync(settings.Origin, request, settings.QueueTimeout, ct, PrepareAsync);
        if (permitted is null)
        {
            return failure;
        }

        using (permitted)
        {
            var response = permitted.Response;
            failure = PartialResponseCheck.CheckPinned(response, asked, pinned, out var part);
            failure = failure.IsError || target.TryRead() ? failure : new Failure(FetchError.Abandoned);
            if (!failure.IsError)
            {
                response.LimitTotalTime();
                failure = await ReadBodyAsync(target, response, part.Length);
                meter.SubrequestDuration.Record(time.GetElapsedTime(startedAt));
            }

            return failure with { Origin = response.Origin };
        }

        // With the permit in hand: what waits for its turn holds no room in the store, and the origin is asked only for bytes that have a
        // place to go to.
        ValueTask<Failure> PrepareAsync()
        {
            startedAt = time.GetTimestamp();
            return target.PrepareAsync();
        }
    }

    private async Task<Failure> ContinueAsync(IPartTarget target, PermittedResponse permitted, ByteRange part)
    {
        using (permitted)
        {
            var response = permitted.Response;
            response.LimitTotalTime();
            var failure = await target.PrepareAsync();
            failure = failure.IsError ? failure : await ReadBodyAsync(target, response, part.Length);
            return failure with { Origin = response.Origin };
        }
    }

    // A body without Content-Length could go on past its Content-Range; then we cannot know which bytes it really holds. Asked before the
    // last bytes are taken, so that nobody ever takes such bytes for complete.
    private static async ValueTask<Failure> CheckEndAsync(OriginResponse response)
    {
        if (response.ContentLength >= 0)
        {
            return Failure.None;
        }

        var end = await response.ReadAsync(new byte[1]);
        return end.Bytes == 0 ? end.Failure : new Failure(FetchError.UnusablePartialResponse, "the body is longer than its Content-Range");
    }
}
