using System.Buffers;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>
/// Moves the bytes of one slice from the origin into the store: asks for exactly its range with the version pinned (<c>If-Match</c>),
/// resumes a body that breaks off at the byte reached, and repeats what may pass under the <see cref="RetryPolicy"/>, without
/// holding a permit of the gate meanwhile. Thread-safe.
/// </summary>
internal sealed class SliceFetchAttempts(
    IOriginClient origin, OriginGate gate, SliceStore store, RetryPolicy retryPolicy, TimeProvider time, SliceMeter meter, CancellationToken stopping)
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
    /// <param name="template">What the subrequests look like.</param>
    /// <param name="response">A response that is open already, with its permit of the gate; both pass to this call. Null to ask.</param>
    /// <param name="part">The bytes that <paramref name="response"/> has.</param>
    /// <exception cref="OperationCanceledException">The process is stopping.</exception>
    public async Task<Failure> FillAsync(SliceFetch fetch, SubrequestTemplate template, OriginResponse? response, ByteRange part)
    {
        var whole = fetch.Generation.Grid.RangeOf(fetch.SliceIndex, fetch.Generation.CompleteLength);
        int retries = 0;
        int shortParts = 0;
        string? failedOrigin = null;
        while (true)
        {
            var attempt = response is null
                ? await TryOnceAsync(fetch, template, new ByteRange(whole.Start + fetch.AvailableBytes, whole.End), failedOrigin)
                : await PumpWithPermitAsync(fetch, response, part);
            response = null;
            if (!attempt.IsError)
            {
                if (fetch.AvailableBytes == fetch.LengthBytes)
                {
                    return Failure.None;
                }

                if (++shortParts > MaxShortParts)
                {
                    return new Failure(FetchError.UnusablePartialResponse, $"more than {MaxShortParts} answers shorter than asked for in one slice");
                }

                continue;
            }

            if (!attempt.Error.IsRetryable() || retries == retryPolicy.MaxRetries)
            {
                return attempt;
            }

            retries++;
            failedOrigin = attempt.Origin;
            meter.RetriedSubrequests.Add(1);
            await Task.Delay(retryPolicy.DelayBefore(retries, attempt), time, stopping);
        }
    }

    /// <summary>Fills the slice of one fetch with the next bytes of a body that holds the whole object. No failure when it is complete and committed.</summary>
    public Task<Failure> FillFromWholeAsync(SliceFetch fetch, OriginResponse response) =>
        PumpAsync(fetch, response, fetch.Generation.Grid.RangeOf(fetch.SliceIndex, fetch.Generation.CompleteLength));

    private async Task<Failure> TryOnceAsync(SliceFetch fetch, SubrequestTemplate template, ByteRange asked, string? failedOrigin)
    {
        if (!await gate.TryEnterAsync(stopping))
        {
            return new Failure(FetchError.OriginQueueTimeout, $"{gate.Free} permits free");
        }

        OriginResponse? response = null;
        try
        {
            if (!fetch.TryStart())
            {
                return new Failure(FetchError.Abandoned);
            }

            long startedAt = time.GetTimestamp();
            meter.Subrequests.Add(1);
            var pinned = fetch.Generation.Response.Validator;
            var request = new OriginRequest(template, asked) { PinnedVersion = pinned, FailedOrigin = failedOrigin };
            var result = await origin.SendAsync(request, stopping);
            response = result.Response;
            if (response is null)
            {
                return result.Failure;
            }

            var failure = PartialResponseCheck.CheckPinned(response, asked, pinned, out var part);
            if (!failure.IsError)
            {
                response.LimitTotalTime();
                failure = await PumpAsync(fetch, response, part);
                meter.SubrequestDuration.Record(time.GetElapsedTime(startedAt));
            }

            return failure with { Origin = response.Origin };
        }
        finally
        {
            response?.Dispose();
            gate.Leave();
        }
    }

    private async Task<Failure> PumpWithPermitAsync(SliceFetch fetch, OriginResponse response, ByteRange part)
    {
        try
        {
            response.LimitTotalTime();
            return await PumpAsync(fetch, response, part) with { Origin = response.Origin };
        }
        finally
        {
            response.Dispose();
            gate.Leave();
        }
    }

    // Moves one body into the slice, from where the slice ends now. Returns no failure when the part is complete, also when the
    // part is shorter than what is missing.
    private async Task<Failure> PumpAsync(SliceFetch fetch, OriginResponse response, ByteRange part)
    {
        if (!fetch.HasSlice && !await TryReserveAsync(fetch))
        {
            return new Failure(FetchError.StoreFull, store.Writing.IsStopped ? "the disk refuses writes" : "every slice that could be evicted is being sent");
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
                await fetch.Reservation.WriteAsync(buffer.AsMemory(0, read.Bytes), fetch.AvailableBytes);
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

    private async ValueTask<bool> TryReserveAsync(SliceFetch fetch)
    {
        if (await store.ReserveAsync(fetch.LengthBytes) is not { } reservation)
        {
            return false;
        }

        fetch.UseReservation(reservation);
        return true;
    }

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
