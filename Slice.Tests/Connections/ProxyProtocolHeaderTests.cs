using System.Text;
using Slice.Net.Connections;
using Slice.Tests.Support;

namespace Slice.Tests.Connections;

/// <summary>The PROXY protocol's header, however it is cut into reads.</summary>
public sealed class ProxyProtocolHeaderTests
{
    private const string Signature = "\r\n\r\n\0\r\nQUIT\n";

    public static TheoryData<string, string?> Headers => new()
    {
        { "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", "192.0.2.1:56324" },
        { "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", "[2001:db8::1]:1" },
        {
            "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"
        },
        { "PROXY UNKNOWN\r\n", null },
        { "PROXY UNKNOWN whatever stands here\r\n", null },
        { Signature + "\x21\x11\0\x0C\xC0\0\x02\x01\xC6\x33\x64\x02\xDC\x04\x01\xBB", "192.0.2.1:56324" },
        { Signature + "\x21\x11\0\x0F\xC0\0\x02\x01\xC6\x33\x64\x02\xDC\x04\x01\xBB\x03\0\0", "192.0.2.1:56324" },
        {
            Signature + "\x21\x21\0\x24 \x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01 \x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x02\0\x50\0\x51",
            "[2001:db8::1]:80"
        },
        { Signature + "\x20\0\0\0", null },
        { Signature + "\x20\x11\0\x0C\xC0\0\x02\x01\xC6\x33\x64\x02\xDC\x04\x01\xBB", null },
        { Signature + "\x21\0\0\x02xx", null },
        { Signature + "\x21\x31\0\x03xxx", null },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void Header_names_the_client_and_leaves_what_follows(string header, string? client)
    {
        foreach (var (how, result) in Parse(header + "GET / HTTP/1.1\r\n"))
        {
            Assert.True((ProxyProtocolStatus.Complete, (long)header.Length, client) == result, $"{how}: {result}");
        }
    }

    [Theory]
    [MemberData(nameof(Headers))]
    public void Every_beginning_of_a_header_is_incomplete(string header, string? client)
    {
        Assert.True(client is null || client.Length > 0);
        for (int length = 0; length < header.Length; length++)
        {
            Assert.Equal(ProxyProtocolStatus.Incomplete, ParseWhole(header[..length]).Status);
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("PROXZ")]
    [InlineData("proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1  198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.256 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP4 ::1 ::1 1 2\r\n")]
    [InlineData("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n")]
    [InlineData("PROXY TCP6 [::1] ::1 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 +1 2\r\n")]
    [InlineData("PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY \r\n")]
    [InlineData("PROXY\r\n")]
    [InlineData("\r\n\r\n\0\r\nQUIX")]
    [InlineData(Signature + "\x11\x11\0\x0C")]
    [InlineData(Signature + "\x22\x11\0\x0C")]
    [InlineData(Signature + "\x21\xFF\0\x00")]
    [InlineData(Signature + "\x21\x13\0\x00")]
    [InlineData(Signature + "\x21\x11\0\x0B")]
    [InlineData(Signature + "\x21\x21\0\x23")]
    [InlineData(Signature + "\x21\x11\xFF\xFF")]
    public void Anything_else_is_refused(string bytes)
    {
        foreach (var (how, result) in Parse(bytes + new string('x', 120)))
        {
            Assert.True(result.Status == ProxyProtocolStatus.Invalid && result.Client is null, $"{how}: {result}");
        }
    }

    [Fact]
    public void Line_without_an_end_is_refused_at_its_limit()
    {
        string line = "PROXY UNKNOWN ".PadRight(106, 'x');
        Assert.Equal(ProxyProtocolStatus.Incomplete, ParseWhole(line).Status);
        Assert.Equal(ProxyProtocolStatus.Invalid, ParseWhole(line + "x").Status);
    }

    private static (ProxyProtocolStatus Status, long Consumed, string? Client) ParseWhole(string text) => Parse(text).First().Result;

    private static IEnumerable<(string How, (ProxyProtocolStatus Status, long Consumed, string? Client) Result)> Parse(string text) =>
        SplitEverywhere.Run(Encoding.Latin1.GetBytes(text), arrival =>
        {
            (ProxyProtocolStatus, long, string?) result = default;
            while (arrival.TryRead(out var buffer))
            {
                var status = ProxyProtocolHeader.TryParse(buffer, out var consumed, out var client);
                result = (status, buffer.Slice(0, consumed).Length, client?.ToString());
                if (status != ProxyProtocolStatus.Incomplete)
                {
                    break;
                }

                arrival.AdvanceTo(consumed, buffer.End);
            }

            return result;
        });
}
