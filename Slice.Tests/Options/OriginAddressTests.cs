using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class OriginAddressTests
{
    [Theory]
    [InlineData("origin.example.com:80", "http://origin.example.com:80")]
    [InlineData("origin.example.com:8080", "http://origin.example.com:8080")]
    [InlineData("origin.example.com", "http://origin.example.com:80")]
    [InlineData("http://origin.example.com:8080", "http://origin.example.com:8080")]
    [InlineData("HTTP://ORIGIN.example.com/", "http://origin.example.com:80")]
    [InlineData("https://origin.example.com", "https://origin.example.com:443")]
    [InlineData("HTTPS://origin.example.com:8443/", "https://origin.example.com:8443")]
    [InlineData("https://[2001:db8::1]", "https://[2001:db8::1]:443")]
    [InlineData("10.0.0.1:65535", "http://10.0.0.1:65535")]
    [InlineData("[2001:db8::1]:8080", "http://[2001:db8::1]:8080")]
    [InlineData("[2001:db8::1]", "http://[2001:db8::1]:80")]
    [InlineData("my_container:8080", "http://my_container:8080")]
    [InlineData("localhost:1", "http://localhost:1")]
    [InlineData("3com.example:80", "http://3com.example:80")]
    public void Address_is_read_and_written_with_scheme_and_port(string text, string expected)
    {
        Assert.Null(OriginAddress.Parse(text, out Uri? address));
        Assert.Equal(expected, OriginAddress.Format(address!));
        Assert.Null(OriginAddress.Check(address!));
        Assert.Null(OriginAddress.Parse(expected, out Uri? readBack));
        Assert.Equal(address, readBack);
    }

    [Theory]
    [InlineData("ftp://origin.example.com", "the scheme is not http or https")]
    [InlineData("httpss://origin.example.com", "the scheme is not http or https")]
    [InlineData("://origin.example.com", "the scheme is not http or https")]
    [InlineData("http://origin.example.com/path", "only scheme, host and port belong here")]
    [InlineData("origin.example.com/", "only scheme, host and port belong here")]
    [InlineData("origin.example.com?x", "only scheme, host and port belong here")]
    [InlineData("origin.example.com#x", "only scheme, host and port belong here")]
    [InlineData("user:word@origin.example.com", "only scheme, host and port belong here")]
    [InlineData("origin.example.com:0", "no origin listens on port 0")]
    [InlineData("origin.example.com:65536", "the port is not a number from 0 to 65535")]
    [InlineData("origin.example.com:", "the port is not a number from 0 to 65535")]
    [InlineData("2001:db8::1", "an IPv6 address goes in brackets")]
    [InlineData("", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("http://", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("origin example.com:80", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("-origin.example.com:80", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("origin..example.com:80", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("bücher.example:80", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("10.0.0.256:80", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("2130706433:80", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("0x7f000001:80", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("127.0x1:80", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("[", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("[]", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("[[::1]]", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("[[::1]:80]", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("[[::1]]:80", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("[::1%1]:80", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("[::1:80", "not a host name, IPv4 address or IPv6 address in brackets")]
    public void Anything_else_is_refused_with_its_reason(string text, string problem)
    {
        Assert.Equal(problem, OriginAddress.Parse(text, out Uri? address));
        Assert.Null(address);
    }

    [Theory]
    [InlineData(63, 253, true)]
    [InlineData(64, 253, false)]
    [InlineData(63, 254, false)]
    public void Name_is_bounded_as_a_whole_and_by_label(int labelChars, int nameChars, bool isName)
    {
        string label = new('a', labelChars);
        string name = string.Join('.', Enumerable.Repeat(label, 5))[..nameChars];
        Assert.Equal(isName, OriginAddress.Parse(name, out _) is null);
    }

    [Theory]
    [InlineData("http://origin.example.com/path")]
    [InlineData("http://origin.example.com/?query")]
    [InlineData("http://user@origin.example.com/")]
    [InlineData("relative")]
    public void Address_that_was_not_parsed_is_checked_as_strictly(string text) =>
        Assert.NotNull(OriginAddress.Check(new Uri(text, UriKind.RelativeOrAbsolute)));
}
