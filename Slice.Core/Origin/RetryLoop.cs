using Slice.Core.Observability;

namespace Slice.Core.Origin;

/// <summary>
/// The repeats of one thing that is asked of the origin: says whether a failed try may be repeated, and waits until the time for the next
/// one has come. One per thing asked; one user at a time.
/// </summary>
/// <remarks>
/// The only loop over retries in the product: <c>while (…failed…) if (!await retries.WaitAsync(failure, ct)) return failure;</c>
/// </remarks>
/// <param name="policy">How often, and after which wait.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">Counts the repeats.</param>
/// <param name="abandoned">Cancelled when nobody wants the thing any more: then no try is repeated.</param>
public sealed class RetryLoop(RetryPolicy policy, TimeProvider time, SliceMeter meter, CancellationToken abandoned = default)
{
    // Beyond these the origin is what stands still, and its own deadlines count. Arbitrary.
    private const int MostCuts = 4;

    private int _repeats;
    private int _cuts;
    private int _repeatsByOthers;

    /// <summary>Whether the try that runs now is the last: its failure is final.</summary>
    public bool IsLastTry => Left <= 0;

    private int Left => policy.MaxRetries - _repeats - _repeatsByOthers;

    /// <summary>Whether <see cref="TryAskAgain"/> has said yes.</summary>
    public bool HasAskedAgain { get; private set; }

    /// <summary>
    /// The address of the origin where the try before has failed; null for the first, and when the failure was no address's.
    /// </summary>
    public string? FailedOrigin { get; private set; }

    /// <summary>
    /// Whether an odd answer is to be asked for once more before it is believed (B60): one machine of many may be out of step. At once, of
    /// another address where there is one, and not counted among the repeats, as it is no trouble that passes. Yes once.
    /// </summary>
    /// <param name="failure">Why the answer is of no use.</param>
    public bool TryAskAgain(Failure failure)
    {
        if (HasAskedAgain || !failure.Error.IsOddAnswer() || abandoned.IsCancellationRequested)
        {
            return false;
        }

        HasAskedAgain = true;
        FailedOrigin = failure.Origin;
        meter.RetriedSubrequests.Add(1);
        return true;
    }

    /// <summary>Whether a body that stands still may be cut (<see cref="TryGoOn"/>).</summary>
    public bool MayGoOn => _cuts < MostCuts;

    /// <summary>
    /// Whether a body that we have cut is gone on with: at once, and not counted among the repeats, as nothing has failed.
    /// </summary>
    /// <param name="failure">Why it has ended.</param>
    public bool TryGoOn(Failure failure)
    {
        if (!failure.IsCut || abandoned.IsCancellationRequested)
        {
            return false;
        }

        _cuts++;
        FailedOrigin = failure.Origin;
        meter.HedgedSubrequests.Add(1);
        return true;
    }

    /// <summary>
    /// Whether a first request that was answered with an error status is worth another try: an address is left that has not been asked, or
    /// the origin says when to come again, and that is soon. Any other error is the answer, and whoever asked is told it at once.
    /// </summary>
    /// <param name="failure">The error status, with what the origin asks for.</param>
    public bool MayRepeatFirst(Failure failure) => !IsLastTry
        && (policy.IsForAnotherAddress(_repeats + 1) || failure.RetryAfter <= RetryPolicy.LongestDelay);

    /// <summary>
    /// Waits for the next try. False, at once, when the failure is final: a repeat cannot help, there were enough, the origin asks for a
    /// wait that is too long, or nobody wants a repeat.
    /// </summary>
    /// <param name="failure">Why the try has failed. Repeats that others made in it count.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <param name="isLastReserved">Whether the client's own request takes the place of the last repeat, which is not made here.</param>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<bool> WaitAsync(Failure failure, CancellationToken ct, bool isLastReserved = false)
    {
        _repeatsByOthers += failure.Repeats;
        if (Left <= (isLastReserved ? 1 : 0)
            || !policy.MayWaitFor(_repeats + 1, failure)
            || !failure.Error.IsRetryable()
            || abandoned.IsCancellationRequested)
        {
            return false;
        }

        _repeats++;
        FailedOrigin = failure.Origin;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, abandoned);
        try
        {
            await Task.Delay(policy.DelayBefore(_repeats, failure), time, either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }

        meter.RetriedSubrequests.Add(1);
        return true;
    }
}
