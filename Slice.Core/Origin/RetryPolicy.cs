namespace Slice.Core.Origin;

/// <summary>How often and after which wait a failed subrequest is repeated. Immutable.</summary>
public sealed class RetryPolicy
{
    /// <summary>Wait before the first retry (contract: 100 ms, doubling).</summary>
    public static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait. Arbitrary; keeps a large <c>max_retries</c> from waiting for hours.</summary>
    public static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(10);

    private readonly Func<double> _random;
    private readonly int _otherAddresses;

    /// <summary>A policy.</summary>
    /// <param name="maxRetries">Repeats after the first try.</param>
    /// <param name="random">Gives numbers in [0, 1) for the jitter.</param>
    /// <param name="addresses">Addresses of the origin; a repeat goes to another one than the try before it.</param>
    public RetryPolicy(int maxRetries, Func<double> random, int addresses = 1)
    {
        _otherAddresses = addresses - 1;
        MaxRetries = maxRetries;
        _random = random;
    }

    /// <summary>Repeats after the first try.</summary>
    public int MaxRetries { get; }

    /// <summary>
    /// The wait before the n-th retry after <paramref name="failure"/>: that of <see cref="DelayBefore(int)"/>, or what the origin asks for
    /// with Retry-After when that is longer, at most <see cref="LongestDelay"/> (B19). What one address asks for is no reason to keep the
    /// next one waiting: it counts when all of them have been tried.
    /// </summary>
    public TimeSpan DelayBefore(int retry, Failure failure)
    {
        var delay = DelayBefore(retry);
        var asked = IsForAnotherAddress(retry) ? TimeSpan.Zero : failure.RetryAfter ?? TimeSpan.Zero;
        asked = asked < LongestDelay ? asked : LongestDelay;
        return asked > delay ? asked : delay;
    }

    /// <summary>
    /// Whether the n-th retry (from 1) may come soon enough: not when the origin asks to be left alone for longer than
    /// <see cref="LongestDelay"/>, unless an address is left that has not been asked.
    /// </summary>
    public bool MayWaitFor(int retry, Failure failure) => IsForAnotherAddress(retry) || !(failure.RetryAfter > LongestDelay);

    /// <summary>Whether an address is left for the n-th retry (from 1) that none of those before went to.</summary>
    public bool IsForAnotherAddress(int retry) => retry <= _otherAddresses;

    /// <summary>
    /// The wait before the n-th retry (from 1): between half and all of 100 ms × 2^(n−1), so that clients that failed together do
    /// not come back together.
    /// </summary>
    public TimeSpan DelayBefore(int retry)
    {
        var whole = retry > 30 ? LongestDelay : FirstDelay * (1L << (retry - 1));
        whole = whole < LongestDelay ? whole : LongestDelay;
        return whole * (0.5 + (_random() / 2));
    }
}
