using Slice.Core.Origin;

namespace Slice.Tests.Origin;

public class RetryPolicyTests
{
    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 200)]
    [InlineData(3, 400)]
    [InlineData(7, 6_400)]
    [InlineData(8, 10_000)]
    [InlineData(30, 10_000)]
    [InlineData(31, 10_000)]
    [InlineData(1000, 10_000)]
    [Trait("Behaviour", "B18")]
    public void Wait_doubles_up_to_its_limit_and_jitter_takes_up_to_half(int retry, int wholeMs)
    {
        Assert.Equal(TimeSpan.FromMilliseconds(wholeMs / 2), new RetryPolicy(20, () => 0).DelayBefore(retry));
        Assert.Equal(TimeSpan.FromMilliseconds(wholeMs * 3 / 4), new RetryPolicy(20, () => 0.5).DelayBefore(retry));
    }

    [Theory]
    [InlineData(null, 100)]
    [InlineData(0, 100)]
    [InlineData(3, 3_000)]
    [InlineData(10, 10_000)]
    [InlineData(3600, 10_000)]
    [Trait("Behaviour", "B19")]
    public void Retry_after_is_honoured_within_a_bound(int? seconds, int delayMs)
    {
        var failure = new Failure(FetchError.OriginServerError) { RetryAfter = seconds is { } value ? TimeSpan.FromSeconds(value) : null };
        Assert.Equal(TimeSpan.FromMilliseconds(delayMs), new RetryPolicy(20, () => 1).DelayBefore(1, failure));
    }

    [Theory]
    [InlineData(null, 1, 1, true)]
    [InlineData(10, 1, 1, true)]
    [InlineData(11, 1, 1, false)]
    [InlineData(11, 1, 2, true)]
    [InlineData(11, 2, 2, false)]
    [Trait("Behaviour", "B19")]
    public void Longer_wait_than_the_bound_is_worth_a_retry_only_at_another_address(int? seconds, int retry, int addresses, bool mayWait)
    {
        var failure = new Failure(FetchError.OriginServerError) { RetryAfter = seconds is { } value ? TimeSpan.FromSeconds(value) : null };
        Assert.Equal(mayWait, new RetryPolicy(20, () => 1, addresses).MayWaitFor(retry, failure));
    }

    [Fact]
    public void Policy_keeps_its_number_of_retries() => Assert.Equal(7, new RetryPolicy(7, () => 0).MaxRetries);
}
