using System.Text;
using Slice.Core.Http;

namespace Slice.Tests.Http;

public class RequestMethodsTests
{
    [Fact]
    public void Every_method_is_found_by_its_name()
    {
        foreach (RequestMethod method in Enum.GetValues<RequestMethod>().Where(method => method != RequestMethod.Other))
        {
            Assert.Equal(method, RequestMethods.Find(Encoding.Latin1.GetBytes(method.ToString().ToUpperInvariant())));
        }
    }

    [Theory]
    [InlineData("get")]
    [InlineData("GETS")]
    [InlineData("PROPFIND")]
    [InlineData("BREWS")]
    [InlineData("DELET!")]
    [InlineData("OPTION!")]
    [InlineData("")]
    public void Method_of_another_name_is_other(string name) =>
        Assert.Equal(RequestMethod.Other, RequestMethods.Find(Encoding.Latin1.GetBytes(name)));
}
