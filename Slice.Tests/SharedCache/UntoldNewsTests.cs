using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.SharedCache;

namespace Slice.Tests.SharedCache;

/// <summary>The file of what is still to be told: all of it comes back, and a damaged one tells more, never less.</summary>
public sealed class UntoldNewsTests
{
    private static readonly TierVersion s_fleet = TierVersion.Of("fleet"u8);
    private static readonly Instant s_now = Instant.ByWallClock(DateTimeOffset.UnixEpoch.AddDays(1));

    private static readonly UntoldNews s_news = new(
        [
            new TierEvent(TierEventKind.Changed, "/a"u8.ToArray(), TierVersion.Of("old"u8)) { Now = TierVersion.Of("new"u8) },
            new TierEvent(TierEventKind.Removed, "/b"u8.ToArray(), default),
        ],
        [Purge.OfPrefix("/c/"u8, isSoft: true, s_now), Purge.OfTags([7], isSoft: false, s_now)],
        HasDropped: true,
        HasDroppedRemoval: true);

    [Fact]
    public void All_of_it_comes_back()
    {
        var read = UntoldNews.Read(s_news.Write(s_fleet), s_fleet, s_now)!;

        Assert.Equal(
            [
                (TierEventKind.Changed, "/a", TierVersion.Of("old"u8), TierVersion.Of("new"u8)),
                (TierEventKind.Removed, "/b", default, default),
            ],
            read.Events.Select(static told => (told.Kind, System.Text.Encoding.ASCII.GetString(told.Key), told.Old, told.Now)));
        Assert.All(read.Events, static told => Assert.Equal(TierEvent.Uncounted, told.Number));
        Assert.Equal(
            [(PurgeScope.Prefix, true), (PurgeScope.Tags, false)], read.Purges.Select(static purge => (purge.Scope, purge.IsSoft)));
        Assert.Equal("/c/"u8.ToArray(), read.Purges[0].Prefix.ToArray());
        Assert.Equal([7UL], read.Purges[1].Tags.ToArray());
        Assert.Equal((true, true), (read.HasDropped, read.HasDroppedRemoval));
    }

    // Nobody knows what it said.
    [Fact]
    public void File_that_is_damaged_in_any_byte_or_cut_is_a_soft_purge_of_all()
    {
        byte[] bytes = s_news.Write(s_fleet);
        for (int index = 0; index < bytes.Length; index++)
        {
            bytes[index] ^= 1;
            ExpectUnknown(bytes);
            bytes[index] ^= 1;
            ExpectUnknown(bytes[..index]);
        }
    }

    [Fact]
    public void What_was_for_other_instances_is_told_to_nobody() =>
        Assert.Null(UntoldNews.Read(s_news.Write(s_fleet), TierVersion.Of("other"u8), s_now));

    [Theory]
    [InlineData(TierEventKind.Changed, false)]
    [InlineData(TierEventKind.Removed, true)]
    internal void What_is_too_long_for_the_file_is_a_purge_of_all_that_does_as_much(TierEventKind kind, bool isRemoval)
    {
        var told = new TierEvent(kind, new byte[UntoldNews.MostBytes / 4], default);

        byte[] bytes = new UntoldNews([told, told, told, told], [], HasDropped: false, HasDroppedRemoval: false).Write(s_fleet);

        Assert.InRange(bytes.Length, 1, UntoldNews.MostBytes);
        var read = UntoldNews.Read(bytes, s_fleet, s_now)!;
        Assert.Equal((0, true, isRemoval), (read.Events.Count, read.HasDropped, read.HasDroppedRemoval));
    }

    private static void ExpectUnknown(byte[] bytes)
    {
        var read = UntoldNews.Read(bytes, s_fleet, s_now)!;
        Assert.Equal((0, 0, true, false), (read.Events.Count, read.Purges.Count, read.HasDropped, read.HasDroppedRemoval));
    }
}
