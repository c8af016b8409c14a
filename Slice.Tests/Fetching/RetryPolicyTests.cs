using Slice.Core.Fetching;

namespace Slice.Tests.Fetching;

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
    public void Wait_doubles_up_to_its_limit_and_jitter_takes_up_to_half(int retry, int wholeMs)
    {
        Assert.Equal(TimeSpan.FromMilliseconds(wholeMs / 2), new RetryPolicy(20, () => 0).DelayBefore(retry));
        Assert.Equal(TimeSpan.FromMilliseconds(wholeMs * 3 / 4), new RetryPolicy(20, () => 0.5).DelayBefore(retry));
    }

    [Fact]
    public void Policy_keeps_its_number_of_retries() => Assert.Equal(7, new RetryPolicy(7, () => 0).MaxRetries);
}
