namespace Slice.Core.Objects;

/// <summary>
/// How many read a generation, and how far its end has come, in one word: two interlocked steps for a reader, whatever the number of
/// slices. Thread-safe; a field, never copied.
/// </summary>
/// <remarks>
/// A generation ends once, and the readers that it has at that moment stay. Thread A ends it and sees no reader; thread B adds one: when B
/// comes before A sets <see cref="Left"/>, A cannot set that bit any more, and B does so when leaving. When B comes second, B sees the bit
/// and is no reader. So the bit is set once, and by exactly one thread, which then empties the generation.
/// </remarks>
internal struct GenerationReaders
{
    private const int Ended = int.MinValue;
    private const int Left = 1 << 30;

    // The readers are counted below the two bits.
    private int _word;

    /// <summary>Whether the generation has ended.</summary>
    public bool HaveEnded => Volatile.Read(ref _word) < 0;

    /// <summary>Whether it has ended and the last reader has left.</summary>
    public bool HaveLeft => (Volatile.Read(ref _word) & Left) != 0;

    /// <summary>Adds a reader; false when there can be none any more. Pair with <see cref="Remove"/>.</summary>
    public bool TryAdd()
    {
        if ((Interlocked.Increment(ref _word) & Left) == 0)
        {
            return true;
        }

        Interlocked.Decrement(ref _word);
        return false;
    }

    /// <summary>Removes a reader; true for the one caller who now empties the generation.</summary>
    public bool Remove() => Interlocked.Decrement(ref _word) == Ended && TryLeave();

    /// <summary>Ends the generation; true for the first caller.</summary>
    /// <param name="haveLeft">Whether nobody reads it, so that the caller now empties it.</param>
    public bool TryEnd(out bool haveLeft)
    {
        int before = Interlocked.Or(ref _word, Ended);
        haveLeft = before == 0 && TryLeave();
        return before >= 0;
    }

    private bool TryLeave() => Interlocked.CompareExchange(ref _word, Ended | Left, Ended) == Ended;
}
