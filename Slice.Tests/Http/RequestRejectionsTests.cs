using Slice.Core.Http;

namespace Slice.Tests.Http;

public class RequestRejectionsTests
{
    [Fact]
    public void Every_rejection_has_status_reason_and_section()
    {
        RequestRejection[] rejections = Enum.GetValues<RequestRejection>();
        Assert.Equal(rejections.Length, RequestRejections.Count);
        foreach (RequestRejection rejection in rejections.Where(rejection => rejection != RequestRejection.None))
        {
            Assert.InRange(rejection.GetStatus(), 400, 505);
            Assert.NotEmpty(rejection.GetReason());
            Assert.StartsWith("RFC ", rejection.GetSection(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [Trait("Behaviour", "B37")]
    [Trait("Behaviour", "B39")]
    [InlineData(RequestRejection.None, 0)]
    [InlineData(RequestRejection.BareLineFeed, 400)]
    [InlineData(RequestRejection.MethodTooLong, 501)]
    [InlineData(RequestRejection.TargetTooLong, 414)]
    [InlineData(RequestRejection.UnsupportedVersion, 505)]
    [InlineData(RequestRejection.HeadTooLarge, 431)]
    [InlineData(RequestRejection.TooManyFields, 431)]
    [InlineData(RequestRejection.UnsupportedTransferCoding, 501)]
    [InlineData(RequestRejection.InvalidTransferEncoding, 400)]
    [InlineData(RequestRejection.UnsupportedExpectation, 417)]
    [InlineData(RequestRejection.HeadTimedOut, 408)]
    [InlineData(RequestRejection.BodyTooLarge, 413)]
    public void Rejection_has_its_own_status(RequestRejection rejection, int status) => Assert.Equal(status, rejection.GetStatus());
}
