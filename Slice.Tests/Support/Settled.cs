namespace Slice.Tests.Support;

/// <summary>Waits for counters to come to rest.</summary>
internal static class Settled
{
    // Each look is 5 ms apart: a fifth of a second. Too few would only weaken the bound that a test then asserts, never break it.
    private const int LooksWithoutChange = 40;

    /// <summary>
    /// Returns once <paramref name="counter"/> is above zero and has not risen for many looks: buffers that fill up announce nothing.
    /// </summary>
    public static Task RisingAsync(Func<long> counter, string what)
    {
        long last = -1;
        int looks = 0;
        return Eventually.TrueAsync(
            () =>
            {
                long now = counter();
                looks = now == last && now > 0 ? looks + 1 : 0;
                last = now;
                return looks == LooksWithoutChange;
            },
            () => $"{what} end rising; last {last}");
    }
}
