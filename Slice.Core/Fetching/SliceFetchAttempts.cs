using System.Buffers;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>
/// Moves the bytes of one slice from the origin into the store: asks for exactly its range with the version pinned (<c>If-Match</c>),
/// resumes a body that breaks off at the byte reached, and repeats what may pass, without holding a permit of the gate meanwhile.
/// Thread-safe.
/// </summary>
/// <param name="origin">The way to the origin.</param>
/// <param name="store">Where the bytes go.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">The metrics.</param>
/// <param name="stopping">Cancelled at the end of the process; ends every attempt.</param>
public sealed class SliceFetchAttempts(
    GatedOrigin origin, SliceStore store, TimeProvider time, SliceMeter meter, CancellationToken stopping)
{
    /// <summary>
    /// One read from the origin. 128 KiB keeps the number of wake-ups of followers low (8 per MiB) while the first bytes
    /// still leave as soon as they arrive: a read returns with what there is.
    /// </summary>
    private const int ReadBufferBytes = 128 << 10;

    /// <summary>
    /// Answers that give fewer bytes than asked for, per slice. They are legal (RFC 9110 §15.3.7), each costs a request, and
    /// an origin that gives a byte at a time must not keep us for ever. Arbitrary.
    /// </summary>
    private const int MaxShortParts = 64;

    /// <summary>Fills the slice of one fetch. Returns no failure when it is complete and committed.</summary>
    /// <param name="fetch">The fetch; its owner calls this once.</param>
    /// <param name="context">What the subrequests look like.</param>
    /// <param name="open">A response that is open already; it passes to this call. Null to ask.</param>
    /// <param name="part">The bytes that <paramref name="open"/> has.</param>
    /// <exception cref="OperationCanceledException">The process is stopping.</exception>
    internal async Task<Failure> FillAsync(SliceFetch fetch, FetchContext context, PermittedResponse? open, ByteRange part)
    {
        var whole = fetch.Generation.Grid.RangeOf(fetch.SliceIndex, fetch.Generation.CompleteLength);
        var retries = new RetryLoop(context.Settings.Retries, time, meter);
        int shortParts = 0;
        while (true)
        {
            var asked = new ByteRange(whole.Start + fetch.AvailableBytes, whole.End);
            var failure = open is null
                ? await AttemptAsync(fetch, context, asked, retries.FailedOrigin)
                : await ContinueAsync(fetch, open, part);
            open = null;
            if (failure.IsError)
            {
                if (!await retries.WaitAsync(failure, stopping))
                {
                    return failure;
                }
            }
            else if (fetch.AvailableBytes == fetch.LengthBytes)
            {
                return Failure.None;
            }
            else if (++shortParts > MaxShortParts)
            {
                return new Failure(
                    FetchError.UnusablePartialResponse, $"more than {MaxShortParts} answers shorter than asked for in one slice");
            }
        }
    }

    /// <summary>
    /// Fills the slice of one fetch with the next bytes of a body that holds the whole object. No failure when it is complete and
    /// committed.
    /// </summary>
    internal Task<Failure> FillFromWholeAsync(SliceFetch fetch, OriginResponse response) =>
        PumpAsync(fetch, response, fetch.Generation.Grid.RangeOf(fetch.SliceIndex, fetch.Generation.CompleteLength));

    /// <summary>
    /// Fills the slice of one fetch with bytes that are all there. False when the store does not take them; the slice is then untouched.
    /// </summary>
    internal async ValueTask<bool> TryFillWithAsync(SliceFetch fetch, ReadOnlyMemory<byte> bytes)
    {
        if (!fetch.TryStart() || !await TryReserveAsync(fetch))
        {
            return false;
        }

        try
        {
            await WriteAsync(fetch, bytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The origin is asked instead, and says what the client is to be told.
            return false;
        }

        fetch.Reservation.Commit(fetch.Generation, fetch.SliceIndex);
        fetch.Publish(fetch.LengthBytes);
        return true;
    }

    private async Task<Failure> AttemptAsync(SliceFetch fetch, FetchContext context, ByteRange asked, string? failedOrigin)
    {
        long startedAt = 0;
        var pinned = fetch.Generation.Response.Validator;
        var request = new OriginRequest(context.Template, asked) { PinnedVersion = pinned, FailedOrigin = failedOrigin };
        var settings = context.Settings;
        var (permitted, failure) = await origin.SendAsync(settings.Origin, request, settings.QueueTimeout, stopping, PrepareAsync);
        if (permitted is null)
        {
            return failure;
        }

        using (permitted)
        {
            var response = permitted.Response;
            failure = PartialResponseCheck.CheckPinned(response, asked, pinned, out var part);
            if (!failure.IsError)
            {
                response.LimitTotalTime();
                failure = await PumpAsync(fetch, response, part);
                meter.SubrequestDuration.Record(time.GetElapsedTime(startedAt));
            }

            return failure with { Origin = response.Origin };
        }

        // With the permit in hand: what waits for its turn holds no room in the store, and the origin is asked only for bytes that have a
        // place to go to.
        async ValueTask<Failure> PrepareAsync()
        {
            startedAt = time.GetTimestamp();
            return !fetch.TryStart() ? new Failure(FetchError.Abandoned)
                : fetch.HasSlice || await TryReserveAsync(fetch) ? Failure.None
                : StoreFull();
        }
    }

    private async Task<Failure> ContinueAsync(SliceFetch fetch, PermittedResponse permitted, ByteRange part)
    {
        using (permitted)
        {
            var response = permitted.Response;
            response.LimitTotalTime();
            return await PumpAsync(fetch, response, part) with { Origin = response.Origin };
        }
    }

    // Moves one body into the slice, from where the slice ends now. Returns no failure when the part is complete, also when the
    // part is shorter than what is missing.
    private async Task<Failure> PumpAsync(SliceFetch fetch, OriginResponse response, ByteRange part)
    {
        if (!fetch.HasSlice && !await TryReserveAsync(fetch))
        {
            return StoreFull();
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadBufferBytes);
        try
        {
            long left = part.Length;
            while (left > 0)
            {
                var read = await response.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)));
                if (read.Failure.IsError)
                {
                    return read.Failure;
                }

                if (read.Bytes == 0)
                {
                    return new Failure(FetchError.HttpResponseIncomplete, $"{left} bytes short of its Content-Range");
                }

                meter.BytesFromOrigin.Add(read.Bytes);
                await WriteAsync(fetch, buffer.AsMemory(0, read.Bytes));
                left -= read.Bytes;
                if (left == 0 && await CheckEndAsync(response, buffer) is { IsError: true } surplus)
                {
                    return surplus;
                }

                if (fetch.AvailableBytes + read.Bytes == fetch.LengthBytes)
                {
                    // Before the last bytes are published: whoever has received all of them finds the slice stored.
                    fetch.Reservation.Commit(fetch.Generation, fetch.SliceIndex);
                }

                fetch.Publish(fetch.AvailableBytes + read.Bytes);
            }

            return Failure.None;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            meter.CacheErrors.Add(1);
            return new Failure(FetchError.StoreWriteError, error.Message);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // A disk that refuses the very first bytes of a slice costs nothing but the try: nobody has seen a byte of the slice yet, and the store
    // gives another place, which is not on that disk.
    private async ValueTask WriteAsync(SliceFetch fetch, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await fetch.Reservation.WriteAsync(bytes, fetch.AvailableBytes);
        }
        catch (Exception error) when (fetch.AvailableBytes == 0 && error is IOException or UnauthorizedAccessException)
        {
            if (!await TryReserveAsync(fetch))
            {
                throw;
            }

            meter.CacheErrors.Add(1);
            await fetch.Reservation.WriteAsync(bytes, 0);
        }
    }

    private async ValueTask<bool> TryReserveAsync(SliceFetch fetch)
    {
        if (await store.ReserveAsync(fetch.LengthBytes) is not { } reservation)
        {
            return false;
        }

        fetch.UseReservation(reservation);
        return true;
    }

    private Failure StoreFull() => new(
        FetchError.StoreFull, store.Writing.IsStopped ? "the disk refuses writes" : "every slice that could be evicted is being sent");

    // A body without Content-Length could go on past its Content-Range; then we cannot know which bytes it really holds. Asked
    // before the last bytes are published, so that no follower ever takes such a slice for complete.
    private static async ValueTask<Failure> CheckEndAsync(OriginResponse response, byte[] buffer)
    {
        if (response.ContentLength >= 0)
        {
            return Failure.None;
        }

        var end = await response.ReadAsync(buffer.AsMemory(0, 1));
        return end.Bytes == 0 ? end.Failure : new Failure(FetchError.UnusablePartialResponse, "the body is longer than its Content-Range");
    }
}
