using System.Net;
using CsCheck;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.Exchange;

/// <summary>Addresses of clients as proxies write them, and as the log does.</summary>
public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("192.0.2.1:4711", "192.0.2.1")]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("1::", "1::")]
    [InlineData("2001:DB8::1", "2001:db8::1")]
    [InlineData("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("0:0:0:0:0:0:0:1", "::1")]
    [InlineData("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0")]
    [InlineData("[2001:db8::1]", "2001:db8::1")]
    [InlineData("[2001:db8::1]:443", "2001:db8::1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("64:ff9b::192.0.2.33", "64:ff9b::c000:221")]
    public void Address_is_read_and_written_in_one_form(string text, string expected)
    {
        Assert.True(ClientAddress.TryParse(Wire.Bytes(text), out var address));
        Assert.Equal(expected, address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("unknown")]
    [InlineData("_hidden")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("1.2.3.04")]
    [InlineData("1.2.3.4 ")]
    [InlineData("1.2.3.4:")]
    [InlineData("1.2.3.-4")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1:")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7:8::")]
    [InlineData("12345::")]
    [InlineData("g::1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1")]
    [InlineData("[::1]x")]
    [InlineData("1.2.3.4::")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    public void Anything_else_is_refused(string text) => Assert.False(ClientAddress.TryParse(Wire.Bytes(text), out _));

    [Fact]
    public void Any_address_is_the_one_of_the_library() => Gen.Byte.Array[16].Sample(bytes =>
    {
        // Zeros are what short forms are about.
        for (int group = 0; group < 16; group += 2)
        {
            bytes[group] = bytes[group] < 128 ? (byte)0 : bytes[group];
            bytes[group + 1] = bytes[group] == 0 && bytes[group + 1] < 200 ? (byte)0 : bytes[group + 1];
        }

        var expected = new IPAddress(bytes);
        bool isRead = ClientAddress.TryParse(Wire.Bytes(expected.ToString()), out var address);
        return isRead
            && address == ClientAddress.Of(expected)
            && IPAddress.Parse(address.ToString()).Equals(expected.IsIPv4MappedToIPv6 ? expected.MapToIPv4() : expected);
    });

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    public void Client_is_an_address_or_a_network_of_64_bits(string address, string name) =>
        Assert.Equal(name, ClientName.Of(ClientAddress.Of(IPAddress.Parse(address))));

    [Fact]
    public void Unknown_client_has_no_name() => Assert.Equal("", ClientName.Of(ClientAddress.Of((EndPoint?)null)));
}
