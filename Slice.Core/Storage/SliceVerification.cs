namespace Slice.Core.Storage;

/// <summary>Compares the bytes of a slice of an earlier run with their checksum, before anybody gets them.</summary>
public static class SliceVerification
{
    /// <summary>Reads the whole slice, on a thread that may wait for the disk. The caller holds a lease.</summary>
    /// <returns>False when the bytes are others, or cannot be read: the slice is of no use.</returns>
    public static bool Verify(StoredSlice slice)
    {
        if (slice.IsVerified)
        {
            return true;
        }

        try
        {
            slice.AdviseRead();
            if (SliceChecksum.OfStored(slice) != slice.Checksum)
            {
                return false;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The device fails here; the caller treats the slice like one that was never stored.
            return false;
        }

        slice.MarkVerified();
        return true;
    }
}
