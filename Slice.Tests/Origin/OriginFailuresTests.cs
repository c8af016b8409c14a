using Slice.Core.Origin;
using Slice.Net.Origin;

namespace Slice.Tests.Origin;

/// <summary>What the pool throws is told apart by whose fault it is.</summary>
public sealed class OriginFailuresTests
{
    [Fact]
    [Trait("Behaviour", "B55")]
    public void Descriptors_that_ran_out_are_our_fault_and_say_nothing_about_the_origin()
    {
        var thrown = new HttpRequestException(
            HttpRequestError.ConnectionError, null, new OriginConnectException(FetchError.DescriptorsExhausted, "Too many open files"));

        var endpoint = OriginEndpoint.Of(new Uri("http://127.0.0.1:9"));
        var failure = OriginFailures.Of(thrown, endpoint, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        Assert.Equal(FetchError.DescriptorsExhausted, failure.Error);
        Assert.Equal(OriginVerdict.Unknown, OriginFailures.VerdictOf(failure.Error, isConnectionUsedAgain: false));
    }
}
