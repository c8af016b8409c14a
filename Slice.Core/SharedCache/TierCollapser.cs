using Slice.Core.Fetching;
using Slice.Core.Observability;

namespace Slice.Core.SharedCache;

/// <summary>
/// Collapses what several instances miss at once: one gets the turn to ask the origin, and the others look again and again, a little later
/// each time, until what they miss is there. Thread-safe.
/// </summary>
/// <param name="turns">The turns.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">The figures.</param>
/// <param name="isOn">False where nobody takes turns: each asks for itself.</param>
internal sealed class TierCollapser(TierTurns turns, TimeProvider time, TierMeter meter, bool isOn)
{
    // Who waits for another instance longer than that asks for itself: the origin is slow, or the holder of the turn hangs. Arbitrary.
    private static readonly TimeSpan s_longestFollow = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(3);
    private static readonly TimeSpan s_shortWait = TimeSpan.FromMilliseconds(24);

    // Each look takes some requests to the store: who has waited for long looks less often, and finds it too late by an eighth of that at
    // most.
    private const int PauseShare = 8;

    /// <summary>Takes the turn for what is under a name, or follows whoever has it, for a while.</summary>
    /// <param name="name">The name.</param>
    /// <param name="look">Looks whether it is there by now; null for no.</param>
    /// <param name="ct">The caller's.</param>
    /// <returns>What was found, or the turn, which the caller ends; neither when the caller is to go on without.</returns>
    public async ValueTask<(T? Found, TierTurn? Turn)> FollowOrTakeTurnAsync<T>(
        string name, Func<CancellationToken, ValueTask<T?>> look, CancellationToken ct)
        where T : class
    {
        if (!isOn)
        {
            return (null, null);
        }

        long began = time.GetTimestamp();
        for (var pause = s_firstPause; ; pause = NextPause(pause, time.GetElapsedTime(began)))
        {
            var (taking, turn) = await turns.TryTakeAsync(name, ct);
            if (taking == TierTurns.Taking.Taken)
            {
                return await LookOnceMoreAsync(look, turn!, ct);
            }

            if (taking != TierTurns.Taking.HeldByOther || time.GetElapsedTime(began) > s_longestFollow)
            {
                meter.Turns.Add(taking == TierTurns.Taking.HeldByOther ? "waited" : "released");
                return (null, null);
            }

            // No event tells that another machine has written: the store is looked at again and again.
            await Task.Delay(pause, time, ct);
            if (await look(ct) is { } found)
            {
                meter.Turns.Add("followed");
                return (found, null);
            }
        }
    }

    private static TimeSpan NextPause(TimeSpan pause, TimeSpan waited) =>
        pause < s_shortWait ? 2 * pause
        : waited / PauseShare > s_shortWait ? waited / PauseShare
        : s_shortWait;

    // Thread A looks and finds nothing; instance B writes what A looks for and ends its turn; A takes the turn. What B wrote is there.
    private async ValueTask<(T? Found, TierTurn? Turn)> LookOnceMoreAsync<T>(
        Func<CancellationToken, ValueTask<T?>> look, TierTurn turn, CancellationToken ct)
        where T : class
    {
        T? found = null;
        try
        {
            found = await look(ct);
        }
        catch (OperationCanceledException)
        {
            turn.End(isFilled: false);
            throw;
        }

        if (found is not null)
        {
            turn.End(isFilled: true);
            return (found, null);
        }

        meter.Turns.Add("taken");
        return (null, turn);
    }
}
