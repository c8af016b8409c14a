using Slice.Core.Http;

namespace Slice.Tests.Http;

public sealed class ResponseFaultsTests
{
    [Fact]
    public void Every_fault_has_words_of_its_own_and_a_section()
    {
        ResponseFault[] faults = [.. Enum.GetValues<ResponseFault>().Where(fault => fault != ResponseFault.None)];
        Assert.Equal(faults.Length + 1, ResponseFaults.Count);
        Assert.Equal(faults.Length, faults.Select(fault => fault.GetReason()).Where(reason => reason.Length > 0).Distinct().Count());
        Assert.All(faults, fault => Assert.StartsWith("RFC 9", fault.GetSection(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ResponseFault.None, "", "")]
    [InlineData(ResponseFault.HeadTooLarge, "head too large", "RFC 9110 §5.4")]
    [InlineData(ResponseFault.DifferingContentLengths, "differing Content-Lengths", "RFC 9112 §6.3")]
    [InlineData(ResponseFault.BodyCutOff, "connection closed within the body", "RFC 9112 §8")]
    public void Words_are_those_of_the_fault(ResponseFault fault, string reason, string section) =>
        Assert.Equal((reason, section), (fault.GetReason(), fault.GetSection()));
}
