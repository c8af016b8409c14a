using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.SharedCache;

namespace Slice.Tests.SharedCache;

/// <summary>What was asked for before a purge that is for it is outdated, and that alone.</summary>
public sealed class TierPurgesTests
{
    private static readonly Instant s_now = Instant.ByWallClock(DateTimeOffset.UnixEpoch);

    private readonly TierPurges _purges = new();

    [Fact]
    public void Object_that_was_asked_for_before_a_purge_of_its_prefix_is_outdated()
    {
        _purges.Add(10, Purge.OfPrefix("/a/"u8, isSoft: false, s_now));

        Assert.True(_purges.IsOutdated("/a/b"u8, null, asked: 9));
        Assert.False(_purges.IsOutdated("/a/b"u8, null, asked: 10));
        Assert.False(_purges.IsOutdated("/b"u8, null, asked: 9));
    }

    [Fact]
    public void Object_with_one_of_its_tags_is_outdated_and_another_is_not()
    {
        _purges.Add(10, Purge.OfTags(CacheTags.HashesOf("red,blue"u8), isSoft: true, s_now));
        var blue = CacheTags.Restore(CacheTags.HashesOf("blue"u8), 0, isCut: false);
        var green = CacheTags.Restore(CacheTags.HashesOf("green"u8), 0, isCut: false);

        Assert.True(_purges.IsOutdated("/x"u8, blue, asked: 9));
        Assert.False(_purges.IsOutdated("/x"u8, green, asked: 9));
        Assert.False(_purges.IsOutdated("/x"u8, null, asked: 9));
    }

    [Fact]
    public void Purges_that_come_in_another_order_count_all()
    {
        _purges.Add(12, Purge.OfPrefix("/b/"u8, isSoft: false, s_now));
        _purges.Add(11, Purge.OfPrefix("/a/"u8, isSoft: false, s_now));
        _purges.Add(11, Purge.OfPrefix("/a/"u8, isSoft: false, s_now));

        Assert.Equal(12, _purges.Latest);
        Assert.True(_purges.IsOutdated("/a/x"u8, null, asked: 10));
        Assert.True(_purges.IsOutdated("/b/x"u8, null, asked: 11));
        Assert.False(_purges.IsOutdated("/a/x"u8, null, asked: 11));
    }

    [Fact]
    public void What_was_asked_for_before_the_oldest_that_is_remembered_is_outdated()
    {
        for (int number = 1; number <= TierPurges.MaxPurges + 5; number++)
        {
            _purges.Add(number, Purge.OfPrefix("/a/"u8, isSoft: false, s_now));
        }

        Assert.True(_purges.IsOutdated("/b"u8, null, asked: 4));
        Assert.False(_purges.IsOutdated("/b"u8, null, asked: 5));
        _purges.Forget(100);
        Assert.True(_purges.IsOutdated("/b"u8, null, asked: 99));
    }

    // It tells the slices of before a purge from those of after it, also when the validator is the same.
    [Fact]
    public void Last_purge_of_an_object_is_the_hard_one_that_it_has_seen()
    {
        _purges.Add(10, Purge.OfPrefix("/a/"u8, isSoft: false, s_now));
        _purges.Add(11, Purge.OfPrefix("/a/"u8, isSoft: true, s_now));
        _purges.Add(12, Purge.OfAll(isSoft: false, s_now));

        Assert.Equal(0, _purges.LastFor("/a/x"u8, null, asked: 9));
        Assert.Equal(10, _purges.LastFor("/a/x"u8, null, asked: 11));
        Assert.Equal(12, _purges.LastFor("/a/x"u8, null, asked: 12));
        Assert.Equal(0, _purges.LastFor("/b"u8, null, asked: 11));
    }

    // The name of before would find what was purged, with the same validator.
    [Fact]
    public void Last_purge_of_an_object_is_not_forgotten_for_one_of_before()
    {
        _purges.Add(1000, Purge.OfPrefix("/a/"u8, isSoft: false, s_now));
        for (int number = 1001; number <= 1000 + TierPurges.MaxPurges; number++)
        {
            _purges.Add(number, Purge.OfPrefix("/other/"u8, isSoft: true, s_now));
        }

        Assert.Equal(1000, _purges.LastFor("/a/x"u8, null, asked: 2000));
        _purges.Forget(1100);
        Assert.Equal(1100, _purges.LastFor("/a/x"u8, null, asked: 2000));
    }

    // Of an object that was on disk for long the number may be needed for the first time when the purges are forgotten that it has seen.
    [Theory]
    [InlineData(400)]
    [InlineData(600)]
    [InlineData(999)]
    public void Last_purge_of_an_object_of_the_time_of_forgotten_ones_is_not_one_of_before_them(int asked)
    {
        _purges.Add(300, Purge.OfPrefix("/a/"u8, isSoft: false, s_now));
        _purges.Add(1000, Purge.OfPrefix("/other/"u8, isSoft: false, s_now));
        for (int number = 1001; number <= 1000 + TierPurges.MaxPurges; number++)
        {
            _purges.Add(number, Purge.OfPrefix("/other/"u8, isSoft: true, s_now));
        }

        Assert.InRange(_purges.LastFor("/a/x"u8, null, asked), 300, asked);
    }
}
