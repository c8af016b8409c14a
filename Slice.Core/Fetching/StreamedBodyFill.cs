using System.Buffers;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>
/// Keeps a copy of a body while it streams to a client, and publishes it when it is complete: for bodies whose length shows only at
/// their end (B22), and for answers that are no 200. One writer; not thread-safe.
/// </summary>
/// <remarks>
/// Protocol: <see cref="AppendAsync"/> for each piece in order, then <see cref="CompleteAsync"/> once the framing has said that the body
/// is whole, then dispose. Disposed without completion, nothing stays. A store that is full or fails, or a body that grows past the
/// budget, ends the recording and nothing else.
/// </remarks>
public sealed class StreamedBodyFill : IDisposable
{
    // The pool's common size.
    private const int ReadBufferBytes = 64 << 10;

    private readonly List<SliceReservation> _reservations = [];
    private readonly TaskCompletionSource<Generation?> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SliceStore _store;
    private readonly SliceGrid _grid;
    private readonly Func<long, Generation> _newGeneration;
    private readonly Action<Generation> _publish;
    private readonly StreamedBodyBudget _budget;
    private readonly Action? _abandoned;
    private int _takenSlices;
    private long _length;

    /// <summary>A recorder of nothing yet.</summary>
    /// <param name="store">Where the bytes go.</param>
    /// <param name="grid">The grid they are cut on.</param>
    /// <param name="budget">What all recordings together may take.</param>
    /// <param name="newGeneration">Makes the generation when the length is known.</param>
    /// <param name="publish">Makes it known when its slices are there.</param>
    /// <param name="abandoned">Called when nothing has come of it.</param>
    internal StreamedBodyFill(
        SliceStore store, SliceGrid grid, StreamedBodyBudget budget, Func<long, Generation> newGeneration, Action<Generation> publish,
        Action? abandoned = null)
    {
        _store = store;
        _grid = grid;
        _budget = budget;
        _abandoned = abandoned;
        _newGeneration = newGeneration;
        _publish = publish;
    }

    /// <summary>
    /// Completes when the recording has ended: with the object, or null when there is none. For those who wait for it to use it.
    /// </summary>
    internal Task<Generation?> Outcome => _outcome.Task;

    /// <summary>Whether nothing will come of it.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Keeps the next piece.</summary>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty && !HasFailed)
            {
                int at = (int)(_length % _grid.SliceSizeBytes);
                if (at == 0 && !await TryAddSliceAsync())
                {
                    Fail();
                    return;
                }

                var piece = bytes[..Math.Min(bytes.Length, _grid.SliceSizeBytes - at)];
                await _reservations[^1].WriteAsync(piece, at);
                _length += piece.Length;
                bytes = bytes[piece.Length..];
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Fail();
        }
    }

    /// <summary>Reads a body to its end for the copy alone, and publishes it. The caller disposes the response.</summary>
    public async ValueTask FillFromAsync(OriginResponse response, SliceMeter meter)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadBufferBytes);
        try
        {
            while (!HasFailed && await response.ReadAsync(buffer.AsMemory(0, ReadBufferBytes)) is { Failure.IsError: false } read)
            {
                if (read.Bytes == 0)
                {
                    await CompleteAsync();
                    return;
                }

                meter.BytesFromOrigin.Add(read.Bytes);
                await AppendAsync(buffer.AsMemory(0, read.Bytes));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Publishes what was recorded: the body is whole.</summary>
    public async ValueTask CompleteAsync()
    {
        if (HasFailed || !await TryFitLastSliceAsync())
        {
            return;
        }

        var generation = _newGeneration(_length);
        for (int index = 0; index < _reservations.Count; index++)
        {
            _reservations[index].Commit(generation, index);
        }

        Release();
        _publish(generation);
        _outcome.TrySetResult(generation);
    }

    /// <inheritdoc/>
    public void Dispose() => Fail();

    private void Fail()
    {
        HasFailed = true;
        Release();
        if (_outcome.TrySetResult(null))
        {
            _abandoned?.Invoke();
        }
    }

    private void Release()
    {
        foreach (var reservation in _reservations)
        {
            reservation.Slice.Release();
        }

        _reservations.Clear();
        for (; _takenSlices > 0; _takenSlices--)
        {
            _budget.Return(_grid.SliceSizeBytes);
        }
    }

    private async ValueTask<bool> TryAddSliceAsync()
    {
        if (!_budget.TryTake(_grid.SliceSizeBytes))
        {
            return false;
        }

        _takenSlices++;
        if (await _store.ReserveAsync(_grid.SliceSizeBytes) is not { } reservation)
        {
            return false;
        }

        _reservations.Add(reservation);
        return true;
    }

    // A page of 5 KiB was given the room of a whole slice, as nobody knew its length: it moves to an extent of its size.
    private async ValueTask<bool> TryFitLastSliceAsync()
    {
        int used = (int)(_length % _grid.SliceSizeBytes);
        if (used == 0)
        {
            return true;
        }

        if (await _store.ReserveAsync(used) is not { } fitting)
        {
            Fail();
            return false;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(used);
        try
        {
            var whole = _reservations[^1].Slice;
            bool isWhole = whole.Read(buffer.AsSpan(0, used), 0) == used && whole.IsVerified;
            if (isWhole)
            {
                await fitting.WriteAsync(buffer.AsMemory(0, used), 0);
                (_reservations[^1], fitting) = (fitting, _reservations[^1]);
            }

            if (!isWhole)
            {
                Fail();
            }

            return isWhole;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Fail();
            return false;
        }
        finally
        {
            fitting.Slice.Release();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
