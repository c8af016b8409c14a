namespace Slice.Core.Storage;

/// <summary>
/// Compares the bytes of a slice with their checksum before anybody gets them: those of an earlier run, and those in a segment that
/// somebody else has changed (<see cref="SegmentWatch"/>). On a thread that may wait for the disk; the caller holds a lease.
/// </summary>
public static class SliceVerification
{
    // A cut file that was made longer again reads as zeros from the cut to its end, so the last bytes of a part tell of the whole part.
    // Arbitrary: few enough to cost nothing, and a file that has so many zeros at the end of a part costs one comparison.
    private const int ZerosThatTell = 16;

    /// <summary>Reads the whole slice and compares it, unless that was done.</summary>
    /// <returns>False when the bytes are others, or cannot be read: the slice is of no use.</returns>
    public static bool Verify(StoredSlice slice) => slice.IsVerified || Compare(slice);

    /// <summary>Waits until a part of a slice is in memory, and compares the whole of the slice when there is reason to.</summary>
    /// <remarks>
    /// What is cut off a file leaves memory (but for the rest of the page or large folio in which the cut is), so that it comes here before
    /// it is sent: a file that was made longer again in the meantime is found out even when our own writes hide its change.
    /// </remarks>
    /// <returns>False when the bytes are others, or cannot be read: the slice is of no use.</returns>
    public static bool BringIn(StoredSlice slice, int skipBytes, int takeBytes)
    {
        if (!slice.IsVerified)
        {
            return Compare(slice);
        }

        if (!slice.BringIn(skipBytes, takeBytes))
        {
            return false;
        }

        // In memory there is nothing to compare with.
        bool isDoubtful = slice.Segment.Watch is not null && (!slice.IsVerified || EndsInZeros(slice, skipBytes, takeBytes));
        return !isDoubtful || Compare(slice);
    }

    private static bool Compare(StoredSlice slice)
    {
        int verifiedEpoch = slice.VerifiedEpoch;
        int epoch = slice.Segment.Epoch;
        try
        {
            slice.AdviseRead();
            if (SliceChecksum.OfStored(slice) == slice.Checksum)
            {
                slice.MarkVerified(epoch);
                return true;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The device fails here; the caller treats the slice like one that was never stored.
            return false;
        }

        slice.Segment.Watch?.Distrust(verifiedEpoch);
        return false;
    }

    private static bool EndsInZeros(StoredSlice slice, int skipBytes, int takeBytes)
    {
        Span<byte> last = stackalloc byte[Math.Min(takeBytes, ZerosThatTell)];
        try
        {
            return slice.Read(last, skipBytes + takeBytes - last.Length) != last.Length || !last.ContainsAnyExcept((byte)0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }
}
