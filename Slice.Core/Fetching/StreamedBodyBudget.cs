namespace Slice.Core.Fetching;

/// <summary>
/// How many bytes all bodies that are being recorded may take in the store together. Until it is complete a recording is of no use to
/// anybody and eviction cannot find it, so that many of them must not displace what is. Thread-safe.
/// </summary>
/// <param name="limitBytes">Most bytes at once.</param>
internal sealed class StreamedBodyBudget(long limitBytes)
{
    private long _takenBytes;

    /// <summary>Takes bytes; false when they are not there. Pair with <see cref="Return"/>.</summary>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _takenBytes, bytes) <= limitBytes)
        {
            return true;
        }

        Return(bytes);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Return(int bytes) => Interlocked.Add(ref _takenBytes, -bytes);
}
