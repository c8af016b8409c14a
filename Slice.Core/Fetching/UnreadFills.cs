namespace Slice.Core.Fetching;

/// <summary>
/// The fills of whole objects that go on although nobody reads them: how many there are at once in the process. Thread-safe.
/// </summary>
internal sealed class UnreadFills
{
    /// <summary>
    /// Most at once. Arbitrary: a few large objects that are wanted in parts are common at one time, and each takes the origin's bandwidth
    /// from those who wait for their bytes.
    /// </summary>
    public const int Most = 4;

    private int _count;

    /// <summary>Takes a place; false when there is none. Who has one gives it back by <see cref="Leave"/>.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _count) <= Most)
        {
            return true;
        }

        Leave();
        return false;
    }

    /// <summary>Gives a place back.</summary>
    public void Leave() => Interlocked.Decrement(ref _count);
}
