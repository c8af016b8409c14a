using Slice.Core.Origin;

namespace Slice.Tests.Origin;

public class FetchErrorsTests
{
    [Fact]
    public void Every_error_has_a_token_of_its_own_made_of_its_name()
    {
        foreach (var error in Enum.GetValues<FetchError>())
        {
            string name = string.Concat(
                error.ToString().Select(letter => char.IsUpper(letter) ? "_" + char.ToLowerInvariant(letter) : $"{letter}"));
            Assert.Equal(name[1..], error.Token());
        }
    }

    [Fact]
    public void Value_that_is_no_error_has_no_token() => Assert.Throws<ArgumentOutOfRangeException>(() => ((FetchError)999).Token());

    [Theory]
    [InlineData(FetchError.DnsError, true, 502, FetchErrorSide.Origin)]
    [InlineData(FetchError.ConnectionRefused, true, 502, FetchErrorSide.Origin)]
    [InlineData(FetchError.ConnectionTimeout, true, 504, FetchErrorSide.Origin)]
    [InlineData(FetchError.TlsCertificateError, false, 502, FetchErrorSide.Origin)]
    [InlineData(FetchError.TlsProtocolError, true, 502, FetchErrorSide.Origin)]
    [InlineData(FetchError.ConnectionTerminated, true, 502, FetchErrorSide.Origin)]
    [InlineData(FetchError.HttpResponseTimeout, true, 504, FetchErrorSide.Origin)]
    [InlineData(FetchError.HttpResponseIncomplete, true, 502, FetchErrorSide.Origin)]
    [InlineData(FetchError.HttpProtocolError, false, 502, FetchErrorSide.Origin)]
    [InlineData(FetchError.OriginServerError, true, 502, FetchErrorSide.Origin)]
    [InlineData(FetchError.UnexpectedStatus, false, 502, FetchErrorSide.Origin)]
    [InlineData(FetchError.UnusablePartialResponse, false, 502, FetchErrorSide.Origin)]
    [InlineData(FetchError.ObjectChanged, false, 502, FetchErrorSide.Origin)]
    [InlineData(FetchError.OriginQueueTimeout, false, 503, FetchErrorSide.Origin)]
    [InlineData(FetchError.StoreFull, false, 502, FetchErrorSide.Us)]
    [InlineData(FetchError.StoreWriteError, false, 502, FetchErrorSide.Us)]
    [InlineData(FetchError.Abandoned, false, 503, FetchErrorSide.Us)]
    [InlineData(FetchError.DescriptorsExhausted, true, 503, FetchErrorSide.Us)]
    [InlineData(FetchError.ShuttingDown, false, 503, FetchErrorSide.Us)]
    [InlineData(FetchError.ProxyInternalError, false, 500, FetchErrorSide.Us)]
    public void Error_says_whether_to_retry_what_to_answer_and_whose_fault_it_is(
        FetchError error, bool isRetryable, int status, FetchErrorSide side)
    {
        Assert.Equal(isRetryable, error.IsRetryable());
        Assert.Equal(status, error.Status());
        Assert.Equal(side, error.Side());
    }

    [Fact]
    public void No_failure_is_no_error()
    {
        Assert.False(Failure.None.IsError);
        Assert.True(new Failure(FetchError.DnsError).IsError);
        Assert.False(FetchError.None.IsRetryable());
    }
}
