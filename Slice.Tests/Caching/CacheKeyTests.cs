using Slice.Core.Caching;

namespace Slice.Tests.Caching;

public class CacheKeyTests
{
    [Fact]
    public void Keys_of_equal_bytes_are_equal()
    {
        var one = new CacheKey("/a?b"u8);
        var other = new CacheKey("/a?b"u8);
        Assert.True(one == other && one.Equals((object)other));
        Assert.Equal(one.GetHashCode(), other.GetHashCode());
        Assert.True(one != new CacheKey("/a?B"u8));
        Assert.False(one.Equals("/a?b"));
    }

    [Fact]
    public void Key_keeps_a_copy_of_its_bytes()
    {
        byte[] bytes = "/a"u8.ToArray();
        var key = new CacheKey(bytes);
        bytes[1] = (byte)'b';
        Assert.Equal("/a", key.ToString());
    }

    [Fact]
    public void Bare_bytes_find_what_the_key_finds()
    {
        var comparer = CacheKeyComparer.Instance;
        var key = new CacheKey("/a"u8);
        Assert.Equal(comparer.GetHashCode(key), comparer.GetHashCode("/a"u8));
        Assert.True(comparer.Equals("/a"u8, key));
        Assert.False(comparer.Equals("/b"u8, key));
        Assert.Equal(key, comparer.Create("/a"u8));
    }
}
