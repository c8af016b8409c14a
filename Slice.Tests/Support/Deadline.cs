namespace Slice.Tests.Support;

/// <summary>A bound on every wait of a test, so that a hang becomes a failure that says what was awaited.</summary>
public static class Deadline
{
    /// <summary>20 s: arbitrary, far above what any step takes on a busy machine of two cores, below a person's patience.</summary>
    public static TimeSpan Default { get; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Awaits <paramref name="task"/>; throws <see cref="TimeoutException"/> naming <paramref name="what"/> after <paramref name="within"/>
    /// (default <see cref="Default"/>). The task goes on.
    /// </summary>
    public static async Task WithinAsync(Task task, string what, TimeSpan? within = null)
    {
        TimeSpan limit = within ?? Default;
        try
        {
            await task.WaitAsync(limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw new TimeoutException($"not within {limit.TotalSeconds} s: {what}");
        }
    }

    /// <summary>As <see cref="WithinAsync(Task, string, TimeSpan?)"/>, with the task's result.</summary>
    public static async Task<T> WithinAsync<T>(Task<T> task, string what, TimeSpan? within = null)
    {
        await WithinAsync((Task)task, what, within);
        return await task;
    }
}
