using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

public sealed class RetryLoopTests : IDisposable
{
    private static readonly Failure s_refused = new(FetchError.ConnectionRefused) { Origin = "http://a" };

    private readonly SliceMeter _meter = new(TimeProvider.System);
    private readonly ManualTime _time = new();

    public void Dispose() => _meter.Dispose();

    [Fact]
    [Trait("Behaviour", "B20")]
    public async Task Failure_that_may_pass_is_repeated_after_its_wait_until_there_were_enough()
    {
        var retries = NewLoop(maxRetries: 2);
        Assert.False(retries.IsLastTry);
        Assert.Null(retries.FailedOrigin);

        for (int repeat = 1; repeat <= 2; repeat++)
        {
            var waiting = retries.WaitAsync(s_refused, TestContext.Current.CancellationToken).AsTask();
            Assert.False(waiting.IsCompleted);
            Assert.Equal(TimeSpan.FromMilliseconds(75 * repeat), await _time.RingNextAsync());
            Assert.True(await Deadline.WithinAsync(waiting, "the wait to end"));
            Assert.Equal("http://a", retries.FailedOrigin);
        }

        Assert.True(retries.IsLastTry);
        Assert.False(await retries.WaitAsync(s_refused, TestContext.Current.CancellationToken));
        Assert.Equal(2, _meter.RetriedSubrequests.Value);
    }

    [Theory]
    [InlineData(FetchError.ObjectChanged)]
    [InlineData(FetchError.UnexpectedStatus)]
    [InlineData(FetchError.StoreFull)]
    [InlineData(FetchError.OriginQueueTimeout)]
    public async Task Failure_that_stays_is_final_at_once(FetchError error)
    {
        var retries = NewLoop(maxRetries: 2);
        Assert.False(await retries.WaitAsync(new Failure(error), TestContext.Current.CancellationToken));
        Assert.False(retries.IsLastTry);
        Assert.Equal(0, _meter.RetriedSubrequests.Value);
    }

    [Fact]
    public async Task Without_retries_the_first_try_is_the_last()
    {
        var retries = NewLoop(maxRetries: 0);
        Assert.True(retries.IsLastTry);
        Assert.False(await retries.WaitAsync(s_refused, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(2, false, false)]
    [InlineData(1, false, true)]
    [InlineData(1, true, false)]
    [Trait("Behaviour", "B20")]
    public async Task Repeats_of_others_and_the_one_that_is_reserved_count(int byOthers, bool isLastReserved, bool isRepeated)
    {
        var waiting = NewLoop(maxRetries: 2)
            .WaitAsync(s_refused with { Repeats = byOthers }, TestContext.Current.CancellationToken, isLastReserved).AsTask();
        if (isRepeated)
        {
            await _time.RingNextAsync();
        }

        Assert.Equal(isRepeated, await Deadline.WithinAsync(waiting, "the wait to end"));
    }

    [Fact]
    public async Task Wait_ends_with_the_process()
    {
        using var stopping = new CancellationTokenSource();
        var waiting = NewLoop(maxRetries: 1).WaitAsync(s_refused, stopping.Token).AsTask();
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task What_nobody_wants_any_more_is_not_repeated_and_its_wait_ends()
    {
        using var abandoned = new CancellationTokenSource();
        var retries = new RetryLoop(new RetryPolicy(maxRetries: 3, () => 0.5), _time, _meter, abandoned.Token);
        var waiting = retries.WaitAsync(s_refused, TestContext.Current.CancellationToken).AsTask();
        Assert.False(waiting.IsCompleted);

        await abandoned.CancelAsync();

        Assert.False(await Deadline.WithinAsync(waiting, "the wait to end"));
        Assert.False(await retries.WaitAsync(s_refused, TestContext.Current.CancellationToken));
        Assert.Equal(0, _meter.RetriedSubrequests.Value);
    }

    private RetryLoop NewLoop(int maxRetries) => new(new RetryPolicy(maxRetries, () => 0.5), _time, _meter);
}
