using System.Net;
using Slice.Core.Options;

namespace Slice.Tests.Options;

/// <summary>Addresses to listen on and the address of the origin.</summary>
public sealed class AddressTests
{
    [Theory]
    [InlineData("0.0.0.0:8080")]
    [InlineData("127.0.0.1:0")]
    [InlineData("[::1]:65535")]
    [InlineData("[::]:8080")]
    public void Listen_address_is_read(string text)
    {
        Assert.Null(ListenAddress.Parse(text, out IPEndPoint? endPoint));
        Assert.Equal(text, endPoint!.ToString());
    }

    [Theory]
    [InlineData("localhost:8080", "a name")]
    [InlineData("8080", "not a host name")]
    [InlineData("127.0.0.1", "the port is missing")]
    [InlineData("127.0.0.1:65536", "the port is not a number")]
    [InlineData("127.0.0.1:-1", "the port is not a number")]
    [InlineData("127.0.0.1:", "the port is not a number")]
    [InlineData("::1:8080", "brackets")]
    [InlineData("127.1:8080", "not a host name")]
    [InlineData("0x7f.0.0.1:80", "not a host name")]
    [InlineData(":8080", "not a host name")]
    public void What_cannot_be_listened_on_is_refused_with_the_reason(string text, string reason) =>
        Assert.Contains(reason, ListenAddress.Parse(text, out _), StringComparison.Ordinal);

    [Theory]
    [InlineData("origin.example.com:81", "http://origin.example.com:81")]
    [InlineData("origin.example.com", "http://origin.example.com:80")]
    [InlineData("http://origin.example.com:8080", "http://origin.example.com:8080")]
    [InlineData("http://origin.example.com/", "http://origin.example.com:80")]
    [InlineData("HTTP://127.0.0.1:9", "http://127.0.0.1:9")]
    [InlineData("[2001:db8::1]:80", "http://[2001:db8::1]:80")]
    [InlineData("my_container:80", "http://my_container:80")]
    public void Origin_address_is_read(string text, string expected)
    {
        Assert.Null(OriginAddress.Parse(text, out Uri? address));
        Assert.Equal(expected, OriginAddress.Format(address!));
        Assert.Null(OriginAddress.Parse(OriginAddress.Format(address!), out Uri? back));
        Assert.Equal(address, back);
    }

    [Theory]
    [InlineData("https://origin.example.com", "TLS")]
    [InlineData("ftp://origin.example.com", "the scheme is not http")]
    [InlineData("http://origin.example.com/path", "only scheme, host and port")]
    [InlineData("http://user:secret@origin.example.com", "only scheme, host and port")]
    [InlineData("origin.example.com:0", "port 0")]
    [InlineData("", "not a host name")]
    [InlineData("origin..com", "not a host name")]
    [InlineData("-origin.com", "not a host name")]
    [InlineData("origin.123", "not a host name")]
    [InlineData("two words:80", "not a host name")]
    public void What_is_no_origin_is_refused_with_the_reason(string text, string reason) =>
        Assert.Contains(reason, OriginAddress.Parse(text, out _), StringComparison.Ordinal);
}
