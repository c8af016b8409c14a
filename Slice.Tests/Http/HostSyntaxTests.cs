using System.Text;
using Slice.Core.Http;

namespace Slice.Tests.Http;

public sealed class HostSyntaxTests
{
    [Theory]
    [Trait("Behaviour", "B43")]
    [InlineData("site.example", false, "site.example")]
    [InlineData("site.example.", false, "site.example")]
    [InlineData("site.example:", false, "site.example")]
    [InlineData("site.example:80", false, "site.example")]
    [InlineData("site.example:080", false, "site.example")]
    [InlineData("site.example.:80", false, "site.example")]
    [InlineData("site.example:443", false, "site.example:443")]
    [InlineData("site.example:443", true, "site.example")]
    [InlineData("site.example:80", true, "site.example:80")]
    [InlineData("site.example:8080", true, "site.example:8080")]
    [InlineData("[2001:db8::1]", false, "[2001:db8::1]")]
    [InlineData("[2001:db8::1]:80", false, "[2001:db8::1]")]
    [InlineData("[2001:db8::80]:8080", false, "[2001:db8::80]:8080")]
    [InlineData("Site.EXAMPLE.:8080", false, "site.example:8080")]
    [InlineData("site.example:08080", false, "site.example:8080")]
    [InlineData("site.example.:", false, "site.example")]
    public void Host_has_one_normal_form(string host, bool isTls, string normal)
    {
        byte[] written = new byte[host.Length];
        int length = HostSyntax.Normalize(Encoding.ASCII.GetBytes(host), isTls, written);
        Assert.Equal(normal, Encoding.ASCII.GetString(written, 0, length));
    }
}
