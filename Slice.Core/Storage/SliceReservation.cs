using System.IO.Hashing;

namespace Slice.Core.Storage;

/// <summary>
/// Room for one slice that is being filled, first byte to last. One writer; not thread-safe. It owns nothing: the lease on
/// <see cref="Slice"/> is the filler's, who releases it.
/// </summary>
public sealed class SliceReservation
{
    private readonly SliceStore _store;

    // What is hashed so far; null until a write that is not the whole slice. A small slice comes in one, and the state takes 600 bytes.
    private XxHash3? _hash;
    private uint _checksumOfWhole;
    private int _writtenBytes;
    private bool _isBegun;
    private bool _isRepeated;

    internal SliceReservation(SliceStore store, StoredSlice slice)
    {
        _store = store;
        Slice = slice;
    }

    /// <summary>The slice, for those who follow the fill.</summary>
    public StoredSlice Slice { get; }

    /// <summary>Writes the next bytes, or some of the last ones again.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="atBytes">Where they begin; at most where the last ones ended.</param>
    /// <remarks>
    /// When the first write fails, nothing is lost but the reservation: the store knows that the disk refuses writes, and gives the next
    /// one in its overflow.
    /// </remarks>
    /// <exception cref="IOException">The disk is full or fails; the store has been told.</exception>
    /// <exception cref="UnauthorizedAccessException">The disk may not be written any more; the store has been told.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The bytes would leave the extent.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, int atBytes)
    {
        try
        {
            if (!_isBegun)
            {
                Slice.CheckSegment();
                _isBegun = true;
            }

            await Slice.WriteAsync(bytes, atBytes, CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (!Slice.IsTransient)
            {
                _store.Writing.Failed(error);
            }

            throw;
        }

        if (!Slice.IsTransient)
        {
            // What memory takes says nothing about the disk.
            _store.Writing.Succeeded();
        }

        if (Slice.Segment.IsOnDisk)
        {
            Hash(bytes.Span, atBytes);
        }

        _writtenBytes = atBytes + bytes.Length;
    }

    /// <summary>
    /// Gives the filled slice to its tenant. False when that has the slice already or is retired, or the bytes cannot be told from
    /// others; they then stay for as long as somebody holds a lease.
    /// </summary>
    internal bool Commit(ISliceTenant tenant, int sliceIndex)
    {
        if (_writtenBytes != Slice.LengthBytes)
        {
            throw new InvalidOperationException($"A slice of {Slice.LengthBytes} bytes was committed with {_writtenBytes} of them.");
        }

        if (Slice.Segment.IsOnDisk)
        {
            Slice.Checksum = _isRepeated ? SliceChecksum.OfStored(Slice) : _hash is null ? _checksumOfWhole : SliceChecksum.Of(_hash);
            if (_isRepeated && !Slice.IsVerified)
            {
                // The checksum is of what somebody else may have made of the bytes.
                return false;
            }
        }

        Slice.TryLease();
        if (tenant.TryCommit(Slice, sliceIndex))
        {
            return true;
        }

        Slice.Release();
        return false;
    }

    private void Hash(ReadOnlySpan<byte> bytes, int atBytes)
    {
        if (atBytes != _writtenBytes)
        {
            _isRepeated = true;
        }
        else if (bytes.Length == Slice.LengthBytes)
        {
            _checksumOfWhole = SliceChecksum.Of(bytes);
        }
        else
        {
            (_hash ??= new XxHash3()).Append(bytes);
        }
    }
}
