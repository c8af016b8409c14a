using System.Buffers;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>Puts the bytes of one slice into the store, and tells those who follow its fetch.</summary>
internal sealed class SlicePartTarget(SliceFetch fetch, SliceStore store, SliceMeter meter) : IPartTarget
{
    /// <summary>
    /// Bytes that are written at once, of an origin that gives them faster than they can be written. Each read of 128 KiB written for
    /// itself took 1.4 x the CPU and 1.3 x the time of a cold object (benchmarks/cold.sh): four times the file's lock, and smaller folios
    /// of the page cache.
    /// </summary>
    private const int MostBufferedBytes = 512 << 10;

    private byte[]? _buffer;

    /// <inheritdoc/>
    public int TakenBytes => fetch.AvailableBytes;

    /// <inheritdoc/>
    public Memory<byte> Memory => _buffer ??= ArrayPool<byte>.Shared.Rent(Math.Min(MostBufferedBytes, fetch.LengthBytes));

    /// <inheritdoc/>
    public CancellationToken Abandoned => fetch.Abandoned;

    /// <inheritdoc/>
    public CancellationToken Wanted => fetch.Wanted;

    /// <inheritdoc/>
    public bool TryAwait() => fetch.TryAwait();

    /// <inheritdoc/>
    public FetchContext NextToAsk(FetchContext current) => fetch.NextToAsk(current);

    /// <inheritdoc/>
    public bool TryRead() => fetch.TryRead();

    /// <inheritdoc/>
    public async ValueTask<Failure> PrepareAsync() =>
        fetch.HasEnded ? new Failure(FetchError.Abandoned)
        : fetch.HasSlice || await TryReserveAsync() ? Failure.None
        : new Failure(
            FetchError.StoreFull, store.Writing.IsStopped ? "the disk refuses writes" : "every slice that could be evicted is being sent");

    /// <inheritdoc/>
    public ValueTask<Failure> TakeAsync(int startBytes, int bytes) => TakeAsync(_buffer.AsMemory(startBytes, bytes));

    /// <summary>Takes the next bytes of the slice from wherever they are.</summary>
    public async ValueTask<Failure> TakeAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await WriteAsync(bytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            meter.CacheErrors.Add(1);
            return new Failure(FetchError.StoreWriteError, error.Message);
        }

        if (fetch.AvailableBytes + bytes.Length == fetch.LengthBytes)
        {
            // Before the last bytes are published: whoever has received all of them finds the slice stored.
            fetch.Reservation.Commit(fetch.Generation, fetch.SliceIndex);
        }

        bool isBeginning = fetch.AvailableBytes == 0 && bytes.Length < fetch.LengthBytes;
        if (fetch.Publish(fetch.AvailableBytes + bytes.Length) && isBeginning)
        {
            // Whoever waits for the first byte is next on this thread, before the rest of the slice is read and written: another thread
            // took 0.3 ms to wake up for it, on two cores (a slice of 1 MiB that the shared tier has).
            await Task.Yield();
        }

        return Failure.None;
    }

    /// <inheritdoc/>
    public void Keep(PermittedResponse whole) => fetch.Whole = whole.HandOverWithoutPermit();

    /// <inheritdoc/>
    public void EndPart()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }
    }

    // A disk that refuses the very first bytes of a slice costs nothing but the try: nobody has seen a byte of the slice yet, and the store
    // gives another place, which is not on that disk.
    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await fetch.Reservation.WriteAsync(bytes, fetch.AvailableBytes);
        }
        catch (Exception error) when (fetch.AvailableBytes == 0 && error is IOException or UnauthorizedAccessException)
        {
            if (!await TryReserveAsync())
            {
                throw;
            }

            meter.CacheErrors.Add(1);
            await fetch.Reservation.WriteAsync(bytes, 0);
        }
    }

    private async ValueTask<bool> TryReserveAsync()
    {
        if (await store.ReserveAsync(fetch.LengthBytes) is not { } reservation)
        {
            return false;
        }

        fetch.UseReservation(reservation);
        return true;
    }
}
