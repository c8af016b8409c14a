using Slice.Net.SharedCache.Memcached;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>Requests of the meta protocol, in literal bytes.</summary>
public sealed class MetaRequestTests
{
    private static readonly MetaRequest s_any = new(MetaVerb.Get, "a:b")
    {
        Lead = new byte[3], Value = new byte[4], ClientFlags = 1, LifetimeSeconds = 60, Cas = 9, First = 5, Step = 1,
    };

    [Theory]
    [InlineData(0, "mg a:b v t f c k\r\n")]
    [InlineData(1, "ms a:b 7 T60 F1 k\r\n")]
    [InlineData(2, "ms a:b 7 T60 ME k\r\n")]
    [InlineData(3, "ms a:b 7 T60 C9 k\r\n")]
    [InlineData(4, "md a:b k\r\n")]
    [InlineData(5, "ma a:b D1 J5 N60 T60 v k\r\n")]
    [InlineData(6, "stats\r\n")]
    public void Line_is_written(int verb, string line)
    {
        byte[] buffer = new byte[MetaRequest.LongestLine];
        int length = (s_any with { Verb = (MetaVerb)verb }).WriteLine(buffer);
        Assert.Equal(line, Wire.Text(buffer.AsSpan(0, length)));
    }

    [Fact]
    public void Longest_line_has_room()
    {
        var longest = new MetaRequest(MetaVerb.Increment, new string('k', 250))
        {
            First = long.MaxValue, Step = int.MaxValue, LifetimeSeconds = int.MaxValue,
        };
        Assert.InRange(longest.WriteLine(new byte[MetaRequest.LongestLine]), 300, MetaRequest.LongestLine);
    }
}
