namespace Slice.Core.Fetching;

/// <summary>
/// The turn of this instance to ask the origin for something that others may be waiting for. Its owner ends it once: with what came of it,
/// or without. Thread-safe.
/// </summary>
/// <param name="end">Called once; the flag says whether others find something. Must not throw and must not wait.</param>
public sealed class TierTurn(Action<bool> end)
{
    private int _hasEnded;
    private int _isTaken;

    /// <summary>Takes the turn over: who had it does not end it any more. Null when somebody has it already.</summary>
    public TierTurn? Take() => Interlocked.Exchange(ref _isTaken, 1) == 0 ? this : null;

    /// <summary>Ends the turn; nothing the second time.</summary>
    /// <param name="isFilled">Whether what others wait for can be found; else one of them takes the next turn, or each asks for itself.
    /// </param>
    public void End(bool isFilled)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) == 0)
        {
            end(isFilled);
        }
    }
}
