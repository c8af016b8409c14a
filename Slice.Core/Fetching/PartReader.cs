using System.Buffers;
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

    // As much as a fetch reads at once.
    private const int SkipBufferBytes = 128 << 10;

    /// <summary>
    /// Called when two addresses of the origin have different versions of a target: the one that is asked, the other, the target. Set
    /// once, before use; must not throw.
    /// </summary>
    public Action<string, string, string>? VersionsDiffer { get; set; }

    /// <summary>Asks for the object as a whole where a range of it cannot be had.</summary>
    internal WholeOpener Wholes { get; } = new(origin);

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
        var origins = new VersionOrigins(generation);
        var pin = new VersionPin(origin.Refusals, context.Settings.Origin, time);
        int shortParts = 0;
        while (true)
        {
            int taken = target.TakenBytes;
            bool isNamed = open is null && pin.IsNamed;
            var rest = new ByteRange(whole.Start + taken, whole.End);
            var failure = open is null
                ? await AskAsync(target, generation, context, rest, retries, origins, (pin, isNamed), ct)
                : await ContinueAsync(target, open, part, retries);
            open = null;
            if (failure.IsCut && target.TryAwait() && retries.TryGoOn(failure))
            {
                continue;
            }

            if (failure.IsError)
            {
                if (origins.MayAskElsewhere(failure))
                {
                    continue;
                }

                if (!await MayRepeatAsync(target, failure, retries, ct))
                {
                    return origins.Explain(failure);
                }

                pin.Failed(failure, isNamed, target.TakenBytes > taken, retries.IsLastTry);
                context = failure.Error.DependsOnWhoAsks() ? target.NextToAsk(context) : context;
                continue;
            }

            if (target.TakenBytes == whole.Length)
            {
                return Failure.None;
            }

            if (++shortParts > MaxShortParts)
            {
                return new Failure(
                    FetchError.UnusablePartialResponse, $"more than {MaxShortParts} answers shorter than asked for in one range");
            }
        }
    }

    /// <summary>
    /// Reads the next <paramref name="bytes"/> of a body that is open. Returns no failure when the target has taken them.
    /// </summary>
    /// <param name="target">Where they go.</param>
    /// <param name="response">The body.</param>
    /// <param name="bytes">How many.</param>
    /// <param name="endsThere">Whether the body must end with them.</param>
    internal async Task<Failure> ReadBodyAsync(IPartTarget target, OriginResponse response, long bytes, bool endsThere = true)
    {
        try
        {
            for (long left = bytes; left > 0;)
            {
                var memory = target.Memory;
                memory = memory[..(int)Math.Min(memory.Length, left)];
                left -= memory.Length;
                var failure = await ReadPieceAsync(target, response, memory, left, isEnd: left == 0 && endsThere);
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

    // Fills the memory. The target takes what there is whenever the origin pauses: the first bytes wait for no others, and of an origin
    // that is faster than the store the store gets few large writes.
    private async ValueTask<Failure> ReadPieceAsync(
        IPartTarget target, OriginResponse response, Memory<byte> memory, long leftBehind, bool isEnd)
    {
        int taken = 0;
        for (int end = 0; end < memory.Length;)
        {
            var reading = response.ReadAsync(memory[end..]);
            BodyRead read;
            if (reading.IsCompleted || end == taken)
            {
                read = await reading;
            }
            else
            {
                (var refused, read) = await TakeDuringAsync(target, taken, end - taken, response, reading.AsTask());
                if (refused.IsError)
                {
                    return refused;
                }

                taken = end;
            }

            if (read.Bytes == 0)
            {
                var kept = end > taken ? await target.TakeAsync(taken, end - taken) : Failure.None;
                return kept.IsError ? kept : At(response, read.Failure.IsError ? read.Failure : Short(memory.Length - end + leftBehind));
            }

            meter.BytesFromOrigin.Add(read.Bytes);
            end += read.Bytes;
        }

        var failure = isEnd ? await CheckEndAsync(response) : Failure.None;
        return failure.IsError ? failure : await target.TakeAsync(taken, memory.Length - taken);
    }

    // The read goes on behind the bytes that are taken. It writes into memory that goes back when the part ends: whatever becomes of the
    // target, the read ends first.
    private static async ValueTask<(Failure Failure, BodyRead Read)> TakeDuringAsync(
        IPartTarget target, int startBytes, int bytes, OriginResponse response, Task<BodyRead> reading)
    {
        var failure = new Failure(FetchError.Abandoned);
        try
        {
            failure = await target.TakeAsync(startBytes, bytes);
        }
        finally
        {
            if (failure.IsError)
            {
                response.Abort();
            }

            await reading;
        }

        return (failure, await reading);
    }

    private static Failure Short(long bytes) =>
        new(FetchError.HttpResponseIncomplete, $"{bytes} bytes short of its Content-Range");

    /// <summary>Waits for a turn to read on in a body that is open; null when none came in time. The caller disposes the permit.</summary>
    internal ValueTask<OriginPermit?> TryEnterAsync(FetchContext context, CancellationToken ct) =>
        origin.TryEnterAsync(context.Template, context.Settings.QueueTimeout, ct);

    /// <summary>Reads the next <paramref name="bytes"/> of a body that is open, and drops them. No failure when all have come.</summary>
    internal async Task<Failure> SkipAsync(OriginResponse response, long bytes)
    {
        if (bytes == 0)
        {
            return Failure.None;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(SkipBufferBytes);
        try
        {
            for (long left = bytes; left > 0;)
            {
                var read = await response.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, SkipBufferBytes)));
                if (read.Bytes == 0)
                {
                    return At(
                        response,
                        read.Failure.IsError ? read.Failure : new Failure(FetchError.HttpResponseIncomplete, $"{left} bytes short"));
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

    /// <summary>
    /// A body without Content-Length could go on past its end; then we cannot know which bytes it really holds. Asked before the last bytes
    /// are taken, so that nobody ever takes such bytes for complete.
    /// </summary>
    public static async ValueTask<Failure> CheckEndAsync(OriginResponse response)
    {
        if (response.ContentLength >= 0)
        {
            return Failure.None;
        }

        var end = await response.ReadAsync(new byte[1]);
        return end.Bytes > 0
            ? At(response, new Failure(FetchError.UnusablePartialResponse, "the body is longer than it should be"))
            : end.Failure.IsError ? At(response, end.Failure)
            : Failure.None;
    }

    // Of a body nobody else knows later which address it came from, and the log is to name that.
    private static Failure At(OriginResponse response, Failure failure) => failure with { Origin = response.Origin };

    // An answer that is odd, or refuses the pinned version, is asked for again at once; what may pass, after a wait. Who leaves during the
    // wait ends it. A whole object that has come twice in place of a part is what there is.
    private static async ValueTask<bool> MayRepeatAsync(IPartTarget target, Failure failure, RetryLoop retries, CancellationToken ct) =>
        !(failure.Error == FetchError.RangeIgnored && retries.HasAskedAgain)
        && target.TryAwait()
        && (retries.TryAskAgain(failure) || await retries.WaitAsync(failure, ct));

    private async Task<Failure> AskAsync(
        IPartTarget target, Generation generation, FetchContext context, ByteRange asked, RetryLoop retries, VersionOrigins origins,
        (VersionPin Pin, bool IsNamed) version, CancellationToken ct)
    {
        if (!target.TryAwait())
        {
            return new Failure(FetchError.Abandoned);
        }

        var pinned = generation.Response.Validator;
        var request = new OriginRequest(context.Template, asked)
        {
            PinnedVersion = version.IsNamed ? pinned.For(context.Reader.ComparedBy) : null,
            IsOfVersion = true,
            FailedOrigin = retries.FailedOrigin,
            PreferredOrigin = origins.Preferred,
            OriginsOfOtherVersions = origins.Others,
            Abandoned = target.Abandoned,
            Wanted = target.Wanted,
        };
        var settings = context.Settings;

        // A place is made with the permit in hand: what waits for its turn holds no room in the store, and the origin is asked only for
        // bytes that have a place to go to.
        var (permitted, failure) = await origin.SendAsync(settings.Origin, request, settings.QueueTimeout, ct, target.PrepareAsync);
        if (permitted is null)
        {
            return failure;
        }

        using (permitted)
        {
            var response = permitted.Response;
            failure = PartialResponseCheck.CheckPinned(response, asked, pinned, context.Reader.ComparedBy, out var part);
            if (!failure.IsError && origins.Agreed(response.Origin))
            {
                VersionsDiffer?.Invoke(response.Origin!, origins.Others[^1], context.Template.Target);
            }

            if (failure.Error == FetchError.RangeIgnored && retries.HasAskedAgain)
            {
                failure = KeepWhole(target, generation, permitted, failure);
            }

            failure = failure.IsError || target.TryRead() ? failure : new Failure(FetchError.Abandoned);
            if (!failure.IsError)
            {
                version.Pin.Answered();
                Limit(response, retries);
                failure = await ReadBodyAsync(target, response, part.Length);
                meter.SubrequestDuration.Record(time.GetElapsedTime(permitted.SentAt));
            }

            return failure with { Origin = response.Origin };
        }
    }

    // B60. Bytes of different answers may be joined on a strong validator only (RFC 9110 §15.3.7.3).
    private static Failure KeepWhole(IPartTarget target, Generation generation, PermittedResponse permitted, Failure failure)
    {
        if (!generation.Response.MayCombine)
        {
            return failure with { Error = FetchError.UnexpectedStatus };
        }

        if (!target.TryRead())
        {
            return new Failure(FetchError.Abandoned);
        }

        target.Keep(permitted);
        return failure;
    }

    private static void Limit(OriginResponse response, RetryLoop retries)
    {
        response.LimitTotalTime();
        if (retries.MayGoOn)
        {
            response.CutWhenStill();
        }
    }

    private async Task<Failure> ContinueAsync(IPartTarget target, PermittedResponse permitted, ByteRange part, RetryLoop retries)
    {
        using (permitted)
        {
            var response = permitted.Response;
            Limit(response, retries);
            var failure = await target.PrepareAsync();
            failure = failure.IsError ? failure : await ReadBodyAsync(target, response, part.Length);
            meter.SubrequestDuration.Record(time.GetElapsedTime(permitted.SentAt));
            return failure with { Origin = response.Origin };
        }
    }
}
