using System.Diagnostics;

namespace Slice.Tests.Support;

/// <summary>
/// Waits for conditions that nothing announces: another process's state, a counter, a line in a log. Where an event can be awaited, use
/// <see cref="Deadline"/>.
/// </summary>
public static class Eventually
{
    // The only polling in the tests. What is polled lives in another process or thread that cannot complete a task of ours;
    // 5 ms is arbitrary: far below the deadline, far above the cost of a look.
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// Returns once <paramref name="condition"/> holds; throws <see cref="TimeoutException"/> naming <paramref name="what"/> after
    /// <paramref name="within"/> (default <see cref="Deadline.Default"/>).
    /// </summary>
    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? within = null)
        => TrueAsync(() => Task.FromResult(condition()), () => what, within);

    /// <summary>
    /// As <see cref="TrueAsync(Func{bool}, string, TimeSpan?)"/>; <paramref name="what"/> is asked only on failure and may tell the last
    /// state seen.
    /// </summary>
    public static Task TrueAsync(Func<bool> condition, Func<string> what, TimeSpan? within = null)
        => TrueAsync(() => Task.FromResult(condition()), what, within);

    /// <summary>
    /// As <see cref="TrueAsync(Func{bool}, Func{string}, TimeSpan?)"/>, with a look that waits itself. An exception of the condition ends
    /// the wait.
    /// </summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> what, TimeSpan? within = null)
    {
        TimeSpan limit = within ?? Deadline.Default;
        long started = Stopwatch.GetTimestamp();
        CancellationToken ct = TestContext.Current.CancellationToken;
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
            {
                throw new TimeoutException($"not within {limit.TotalSeconds} s: {what()}");
            }

            await Task.Delay(s_pollInterval, ct);
        }
    }
}
