using System.Buffers;
using Slice.Core.Caching;
using Slice.Core.Observability;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>
/// Gets slices: out of the store, by joining a fetch in flight, or from the origin, in that order, once. Owns every fetch it
/// starts. Thread-safe.
/// </summary>
/// <remarks>
/// A fetch asks for exactly the bytes of its slice and pins the version (<c>If-Match</c>). A body that breaks off is resumed
/// at the byte reached; failures that may pass are repeated under the <see cref="RetryPolicy"/>, without holding a permit of the
/// gate meanwhile. Any sign that the object changed ends its generation.
/// </remarks>
public sealed class SliceFetcher : IAsyncDisposable
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

    private readonly IOriginClient _origin;
    private readonly OriginGate _gate;
    private readonly SliceStore _store;
    private readonly ObjectIndex _index;
    private readonly RetryPolicy _retries;
    private readonly TimeProvider _time;
    private readonly SliceMeter _meter;
    private readonly RequestCollapser _collapser = new();
    private readonly CancellationTokenSource _stopping = new();

    // Kept apart from its source, which is gone when a client asks after shutdown.
    private readonly CancellationToken _stoppingToken;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One for the fetcher itself, one for each fetch; the last to leave completes _drained.
    private int _owners = 1;

    /// <summary>A fetcher over its collaborators, none of which it disposes.</summary>
    public SliceFetcher(
        IOriginClient origin, OriginGate gate, SliceStore store, ObjectIndex index, RetryPolicy retries, TimeProvider time, SliceMeter meter)
    {
        _origin = origin;
        _gate = gate;
        _store = store;
        _index = index;
        _retries = retries;
        _time = time;
        _meter = meter;
        _stoppingToken = _stopping.Token;
    }

    /// <summary>Called with each fetch that failed and is not going to be repeated. Set once, before use; must not throw.</summary>
    public Action<SliceFetch, Failure>? FetchFailed { get; set; }

    /// <summary>Finds or starts the source of one slice. Never waits. The caller releases it.</summary>
    public SliceSource Acquire(Generation generation, int sliceIndex, SubrequestTemplate template)
    {
        while (true)
        {
            if (generation.TryLease(sliceIndex, out var stored))
            {
                return new SliceSource(stored, null);
            }

            if (_collapser.TryJoin(generation, sliceIndex, out var existing))
            {
                return new SliceSource(null, existing);
            }

            var fetch = new SliceFetch(generation, sliceIndex);
            fetch.TryJoin();
            if (!TryEnter(fetch))
            {
                continue;
            }

            // Thread A looked into the table and found nothing; thread B committed the slice and left the collapser; A enters. Look
            // again: what was committed before A entered is seen here, and the slice is fetched once. Whoever joined A's fetch
            // meanwhile finds it complete.
            if (generation.TryLease(sliceIndex, out stored))
            {
                fetch.UseSlice(stored);
                fetch.Publish(fetch.LengthBytes);
                Finish(fetch, Failure.None);
            }
            else
            {
                _ = RunAsync(fetch, template, firstResponse: null, firstPart: default);
            }

            return new SliceSource(null, fetch);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        LeaveOwners();
        await _drained.Task;
        _stopping.Dispose();
    }

    /// <summary>
    /// Goes on with a response that is already open: the one that taught us the object. The response and its permit pass to the
    /// fetch.
    /// </summary>
    internal void Adopt(Generation generation, int sliceIndex, SubrequestTemplate template, OriginResponse response, ByteRange part)
    {
        var fetch = new SliceFetch(generation, sliceIndex);
        fetch.Start();
        if (!TryEnter(fetch))
        {
            throw new InvalidOperationException("A new generation has a fetch in flight.");
        }

        _ = RunAsync(fetch, template, response, part);
    }

    private bool TryEnter(SliceFetch fetch)
    {
        if (!_collapser.TryEnter(fetch))
        {
            return false;
        }

        fetch.Generation.FetchStarted();
        Interlocked.Increment(ref _owners);
        return true;
    }

    // Never throws: it is owned by the count in _owners, and what it has to say it says to the fetch.
    private async Task RunAsync(SliceFetch fetch, SubrequestTemplate template, OriginResponse? firstResponse, ByteRange firstPart)
    {
        Failure failure;
        try
        {
            failure = await FillAsync(fetch, template, firstResponse, firstPart);
        }
        catch (OperationCanceledException)
        {
            failure = new Failure(FetchError.ShuttingDown);
        }
        catch (Exception error)
        {
            // The edge: nobody awaits this task, and followers without an end would wait for ever.
            failure = new Failure(FetchError.ProxyInternalError, error.ToString());
        }

        if (failure.Error is FetchError.ObjectChanged or FetchError.UnexpectedStatus)
        {
            _index.Remove(fetch.Generation);
        }

        if (!failure.IsError)
        {
            Commit(fetch);
        }
        else if (failure.Error is not (FetchError.Abandoned or FetchError.ShuttingDown))
        {
            _meter.FailedSubrequests.Add(1);
            FetchFailed?.Invoke(fetch, failure);
        }

        Finish(fetch, failure);
    }

    private static void Commit(SliceFetch fetch)
    {
        var slice = fetch.Slice;
        slice.TryLease();
        if (!fetch.Generation.TryCommit(slice, fetch.SliceIndex))
        {
            slice.Release();
        }
    }

    private void Finish(SliceFetch fetch, Failure failure)
    {
        _collapser.Remove(fetch);
        fetch.Generation.FetchEnded();
        if (fetch.Generation is { IsShared: true, IsEmpty: true })
        {
            // Nothing is stored of the object and nothing on the way: the record alone is of no use to anybody.
            _index.Remove(fetch.Generation);
        }

        fetch.End(failure);
        LeaveOwners();
    }

    private void LeaveOwners()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            // Again by a fetch that began, and ended at once, after shutdown.
            _drained.TrySetResult();
        }
    }

    private async Task<Failure> FillAsync(SliceFetch fetch, SubrequestTemplate template, OriginResponse? response, ByteRange part)
    {
        var whole = fetch.Generation.Grid.RangeOf(fetch.SliceIndex, fetch.Generation.CompleteLength);
        int retries = 0;
        int shortParts = 0;
        while (true)
        {
            var attempt = response is null
                ? await TryOnceAsync(fetch, template, new ByteRange(whole.Start + fetch.AvailableBytes, whole.End))
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

            if (!attempt.Error.IsRetryable() || retries == _retries.MaxRetries)
            {
                return attempt;
            }

            retries++;
            _meter.RetriedSubrequests.Add(1);
            await Task.Delay(_retries.DelayBefore(retries), _time, _stoppingToken);
        }
    }

    private async Task<Failure> TryOnceAsync(SliceFetch fetch, SubrequestTemplate template, ByteRange asked)
    {
        if (!await _gate.TryEnterAsync(_stoppingToken))
        {
            return new Failure(FetchError.OriginQueueTimeout, $"{_gate.Free} permits free");
        }

        OriginResponse? response = null;
        try
        {
            if (!fetch.TryStart())
            {
                return new Failure(FetchError.Abandoned);
            }

            long startedAt = _time.GetTimestamp();
            _meter.Subrequests.Add(1);
            var pinned = fetch.Generation.Response.Validator;
            var result = await _origin.SendAsync(new OriginRequest(template, asked) { PinnedVersion = pinned }, _stoppingToken);
            response = result.Response;
            if (response is null)
            {
                return result.Failure;
            }

            var failure = PartialResponseCheck.CheckPinned(response, asked, pinned, out var part);
            if (!failure.IsError)
            {
                failure = await PumpAsync(fetch, response, part);
                _meter.SubrequestDuration.Record(_time.GetElapsedTime(startedAt));
            }

            return failure;
        }
        finally
        {
            response?.Dispose();
            _gate.Leave();
        }
    }

    private async Task<Failure> PumpWithPermitAsync(SliceFetch fetch, OriginResponse response, ByteRange part)
    {
        try
        {
            return await PumpAsync(fetch, response, part);
        }
        finally
        {
            response.Dispose();
            _gate.Leave();
        }
    }

    // Moves one body into the slice, from where the slice ends now. Returns no failure when the part is complete, also when the
    // part is shorter than what is missing.
    private async Task<Failure> PumpAsync(SliceFetch fetch, OriginResponse response, ByteRange part)
    {
        if (!fetch.HasSlice && !await TryReserveAsync(fetch))
        {
            return new Failure(FetchError.StoreFull, "every slice that could be evicted is being sent");
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

                _meter.BytesFromOrigin.Add(read.Bytes);
                await fetch.Slice.WriteAsync(buffer.AsMemory(0, read.Bytes), fetch.AvailableBytes, CancellationToken.None);
                left -= read.Bytes;
                if (left == 0 && await CheckEndAsync(response, buffer) is { IsError: true } surplus)
                {
                    return surplus;
                }

                fetch.Publish(fetch.AvailableBytes + read.Bytes);
            }

            return Failure.None;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _meter.CacheErrors.Add(1);
            return new Failure(FetchError.StoreWriteError, error.Message);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<bool> TryReserveAsync(SliceFetch fetch)
    {
        if (await _store.ReserveAsync(fetch.LengthBytes) is not { } slice)
        {
            return false;
        }

        fetch.UseSlice(slice);
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
