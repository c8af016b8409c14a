using Slice.Core.Objects;
using Slice.Tests.Support;

namespace Slice.Tests.Objects;

public sealed class UncacheableKeysTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void Key_is_remembered_for_two_minutes()
    {
        var keys = new UncacheableKeys(_time);
        keys.Add("/a"u8);
        Assert.True(keys.Contains("/a"u8));
        Assert.False(keys.Contains("/b"u8));
        _time.Advance(TimeSpan.FromSeconds(119));
        Assert.True(keys.Contains("/a"u8));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(keys.Contains("/a"u8));
    }

    [Fact]
    public void Any_number_of_keys_takes_the_same_room()
    {
        var keys = new UncacheableKeys(_time);
        for (int key = 0; key < 100_000; key++)
        {
            keys.Add(BitConverter.GetBytes(key));
        }

        Assert.True(keys.Contains(BitConverter.GetBytes(99_999)));
        Assert.InRange(Enumerable.Range(0, 100_000).Count(key => keys.Contains(BitConverter.GetBytes(key))), 1, 1 << 13);
    }
}
