namespace Slice.Tests.Support;

public sealed class DeadlineTests
{
    [Fact]
    public async Task Within_of_a_task_that_never_ends_fails_naming_what_was_awaited()
    {
        var never = new TaskCompletionSource();
        var failure = await Assert.ThrowsAsync<TimeoutException>(() => Deadline.WithinAsync(never.Task, "the gate opens", TimeSpan.Zero));
        Assert.Contains("the gate opens", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Within_of_a_failed_task_shows_its_own_failure()
        => await Assert.ThrowsAsync<FormatException>(
            () => Deadline.WithinAsync(Task.FromException<int>(new FormatException()), "a result"));

    [Fact]
    public async Task Eventually_returns_at_the_first_look_that_holds()
    {
        int looks = 0;
        await Eventually.TrueAsync(() => ++looks == 3, "the third look");
        Assert.Equal(3, looks);
    }

    [Fact]
    public async Task Eventually_of_what_never_holds_fails_naming_it()
    {
        var failure = await Assert.ThrowsAsync<TimeoutException>(() => Eventually.TrueAsync(() => false, "a pig flies", TimeSpan.Zero));
        Assert.Contains("a pig flies", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FreePort_taken_is_retried_on_another_port()
    {
        var tried = new List<int>();
        int port = await FreePort.RetryAsync(candidate =>
        {
            tried.Add(candidate);
            return tried.Count < 3 ? throw new PortTakenException("in use") : Task.FromResult(candidate);
        });
        Assert.Equal(3, tried.Count);
        Assert.Equal(tried[2], port);
    }
}
