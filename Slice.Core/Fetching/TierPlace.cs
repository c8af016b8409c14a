namespace Slice.Core.Fetching;

/// <summary>
/// The place of a slice at the shared tier among the slices of one download: those that the client needs later are read once the one that
/// is sent next was looked for, and is here or is not there. Read together, the first of four slices of 1 MiB came after 3.1 ms, alone
/// after 1.6 (two cores that everything shares). For one filler, and those behind it.
/// </summary>
/// <param name="before">The place to wait for; null for none.</param>
internal sealed class TierPlace(TierPlace? before)
{
    // The one before looks under deadlines of its own, some hundred milliseconds. Arbitrary: who has waited for longer goes on.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TierPlace? _before = before;

    /// <summary>Waits until the one before has left, for a second at most.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask ComesAsync(TimeProvider time, CancellationToken ct)
    {
        if (Interlocked.Exchange(ref _before, null) is { } before)
        {
            await before._left.Task.WaitAsync(s_longestWait, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ct.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Those behind may look. Any number of times.</summary>
    public void Leave()
    {
        _before = null;
        _left.TrySetResult();
    }
}
