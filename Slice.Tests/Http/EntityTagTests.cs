using System.Text;
using Slice.Core.Http;

namespace Slice.Tests.Http;

public class EntityTagTests
{
    [Theory]
    [InlineData("\"\"", false)]
    [InlineData("\"v1\"", false)]
    [InlineData("\"a,b\\!#~\u00e9\"", false)]
    [InlineData("W/\"v1\"", true)]
    public void EntityTag_valid_is_parsed_with_its_quotes(string value, bool isWeak)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(value);
        Assert.True(EntityTag.TryParse(bytes, out EntityTag tag));
        Assert.Equal(isWeak, tag.IsWeak);
        Assert.Equal(bytes.AsSpan(isWeak ? 2 : 0), tag.OpaqueTag);
    }

    [Theory]
    [InlineData("")]
    [InlineData("v1")]
    [InlineData("\"")]
    [InlineData("\"v1")]
    [InlineData("v1\"")]
    [InlineData("W/")]
    [InlineData("W/v1")]
    [InlineData("w/\"v1\"")]
    [InlineData("W \"v1\"")]
    [InlineData("\"v 1\"")]
    [InlineData("\"v\u007f\"")]
    [InlineData("\"v\"1\"")]
    [InlineData("\"v1\" ")]
    [InlineData("*")]
    public void EntityTag_invalid_is_refused(string value) => Assert.False(EntityTag.TryParse(Encoding.Latin1.GetBytes(value), out _));

    // The table of RFC 9110 §8.8.3.2.
    [Theory]
    [Trait("Behaviour", "B9")]
    [Trait("Behaviour", "B10")]
    [InlineData("W/\"1\"", "W/\"1\"", false, true)]
    [InlineData("W/\"1\"", "W/\"2\"", false, false)]
    [InlineData("W/\"1\"", "\"1\"", false, true)]
    [InlineData("\"1\"", "\"1\"", true, true)]
    public void EntityTag_comparison_is_strong_or_weak(string left, string right, bool isStrongMatch, bool isWeakMatch)
    {
        Assert.True(EntityTag.TryParse(Encoding.Latin1.GetBytes(left), out EntityTag a));
        Assert.True(EntityTag.TryParse(Encoding.Latin1.GetBytes(right), out EntityTag b));
        Assert.Equal(isStrongMatch, a.StrongEquals(b));
        Assert.Equal(isWeakMatch, b.WeakEquals(a));
    }

    [Theory]
    [InlineData("\"a\"", 1)]
    [InlineData("\"a\",W/\"b\" ,\t\"c,d\"", 3)]
    [InlineData(", ,\"a\",,\"b\",", 2)]
    [InlineData("", 0)]
    [InlineData("a", 0)]
    [InlineData("\"a\" \"b\"", 0)]
    [InlineData("\"a\",b,\"c\"", 1)]
    public void EntityTag_list_is_read_up_to_the_first_fault(string value, int expectedCount)
    {
        ReadOnlySpan<byte> list = Encoding.Latin1.GetBytes(value);
        int count = 0;
        while (EntityTag.TryReadNext(ref list, out _))
        {
            count++;
        }

        Assert.Equal(expectedCount, count);
    }
}
