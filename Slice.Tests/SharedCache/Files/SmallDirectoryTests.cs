using System.Globalization;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Files;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Files;

/// <summary>A shared directory on a file system that is smaller than its size: the oldest go, and what is new goes in.</summary>
public sealed class SmallDirectoryTests
{
    private const int ValueBytes = 250 << 10;
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1120L, 1000)]
    [InlineData(1100L, 990)]
    [InlineData(0L, 0)]
    [InlineData(null, 1000)]
    public void Size_is_the_configured_one_or_nine_tenths_of_what_there_is(long? room, long size) =>
        Assert.Equal(size, DirectoryRoom.SizeFor(1000, room));

    [Fact]
    public async Task Full_file_system_loses_the_oldest_and_takes_what_is_new()
    {
        using var small = await SmallFileSystem.MountAsync("size=8m");
        await using var directory = new SharedDirectory();
        var store = directory.Open(sizeBytes: 1L << 30, path: small.Path);
        for (int number = 0; number < 100; number++)
        {
            if (!await TryWriteAsync(store, number))
            {
                await SharedDirectory.CleanUpAsync(store);
                Assert.True(await TryWriteAsync(store, number), $"value {number} after a pass");
            }
        }

        await SharedDirectory.CleanUpAsync(store);
        int[] left = Left(small.Path, 100);
        Assert.InRange(left.Length, 16, 26);
        Assert.Equal(99, left[^1]);
        Assert.Contains("of at most 7.2 MiB", await store.DescribeAsync(Ct), StringComparison.Ordinal);
    }

    // As with a quota: there seems to be room.
    [Fact]
    public async Task Value_that_found_no_room_makes_room_for_the_next()
    {
        using var small = await SmallFileSystem.MountAsync("size=8m");
        await using var directory = new SharedDirectory();
        string held = SharedDirectory.Hold(small.Path);
        var store = directory.Open(sizeBytes: 1L << 30, path: small.Path);
        for (int number = 0; number < 20; number++)
        {
            Assert.True(await TryWriteAsync(store, number));
        }

        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.SetAsync("long", new byte[5 << 20], s_hour, Ct));
        File.Delete(held);
        await SharedDirectory.CleanUpAsync(store);
        Assert.InRange(Left(small.Path, 20).Length, 16, 18);
    }

    [Fact]
    public async Task Other_instances_keep_within_the_size_that_a_pass_found()
    {
        using var small = await SmallFileSystem.MountAsync("size=8m");
        await using var directory = new SharedDirectory();
        var stores = Enumerable.Range(0, 2).Select(_ => directory.Open(new ManualTime(), sizeBytes: 1L << 30, path: small.Path)).ToArray();
        await SharedDirectory.CleanUpAsync(stores[0]);
        Assert.False(stores[1].Janitor.TryPass(isForced: false));
        SharedDirectory.Hold(small.Path);
        int written = 0;
        while (await TryWriteAsync(stores[1], written))
        {
            written++;
        }

        // A share of the last eighth of 7.2 MiB, which is a single value.
        Assert.Equal(1, written);
    }

    private static async Task<bool> TryWriteAsync(DirectoryStore store, int number)
    {
        try
        {
            await store.SetAsync(Name(number), new byte[ValueBytes], s_hour, Ct);
            return true;
        }
        catch (KeyValueStoreException)
        {
            return false;
        }
    }

    private static int[] Left(string path, int count) =>
        [.. Enumerable.Range(0, count).Where(number => File.Exists(Path.Combine(path, DirectoryLayout.ValueOf(Name(number)))))];

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"n{number}");
}
