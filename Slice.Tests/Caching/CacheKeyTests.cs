using System.Security.Cryptography;
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

    [Theory]
    [Trait("Behaviour", "B53")]
    [InlineData(256, "")]
    [InlineData(257, "#")]
    [InlineData(65_536, "#")]
    public void Key_of_more_than_256_bytes_holds_their_beginning_and_their_digest(int length, string separator)
    {
        byte[] bytes = [.. "/a?"u8, .. Enumerable.Repeat((byte)'q', length - 3)];
        var key = new CacheKey(bytes);
        string held = key.ToString();
        Assert.Equal(256, key.Bytes.Length);
        Assert.Equal(separator.Length > 0, held.Contains('#'));
        string digest = "#" + Convert.ToHexStringLower(SHA256.HashData(bytes));
        Assert.Equal(separator.Length > 0, held.EndsWith(digest, StringComparison.Ordinal));
        Assert.StartsWith("/a?qqq", held, StringComparison.Ordinal);

        // What is held is a key of its own, as the journal has it.
        Assert.Equal(key, new CacheKey(key.Bytes));
    }

    [Theory]
    [Trait("Behaviour", "B53")]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(8192)]
    public void Long_bare_bytes_find_their_key_and_no_other(int length)
    {
        var comparer = CacheKeyComparer.Instance;
        byte[] bytes = [.. Enumerable.Repeat((byte)'a', length)];
        var key = new CacheKey(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isFound = comparer.Equals(bytes, key) && comparer.GetHashCode(bytes) == comparer.GetHashCode(key);
        Assert.Equal((true, 0L), (isFound, GC.GetAllocatedBytesForCurrentThread() - before));

        byte[] other = [.. bytes];
        other[^1] = (byte)'b';
        Assert.False(comparer.Equals(other, key));
        Assert.NotEqual(key, new CacheKey(other));
        Assert.False(comparer.Equals(bytes.AsSpan(1), key));
    }
}
