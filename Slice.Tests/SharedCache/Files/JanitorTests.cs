using System.Globalization;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Files;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Files;

/// <summary>A shared directory is kept in order, by one instance at a time, and within its size.</summary>
public sealed class JanitorTests
{
    private const string Key = "pslice:s:1";
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);
    private static readonly byte[] s_value = "a value"u8.ToArray();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_over_or_damaged_or_left_behind_goes_and_the_rest_stays()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        string[] keys = ["live", "over", "damaged", "renewed"];
        foreach (string key in keys)
        {
            await store.SetAsync(key, s_value, s_hour, Ct);
        }

        SharedDirectory.Age(directory.FileOf("over"), s_hour);
        await File.WriteAllTextAsync(directory.FileOf("damaged"), "no value", Ct);
        string beside = Path.GetDirectoryName(directory.FileOf("live"))!;
        string[] stays =
        [
            Left("foreign", s_hour * 100), Left(".nfs0001", s_hour * 100), Left(".live~v.@i-1", s_hour / 2), Left("x~k", default),
        ];
        string[] goes = [Left(".live~v.@i-2", s_hour * 2), Left("y~k", TimeSpan.FromMinutes(2))];
        Directory.CreateDirectory(Path.Combine(beside, ".c~n.@i-3"));
        Directory.SetLastWriteTimeUtc(Path.Combine(beside, ".c~n.@i-3"), DateTime.UtcNow - (s_hour * 2));

        await SharedDirectory.CleanUpAsync(store);

        Assert.Equal(
            new[] { directory.FileOf("live"), directory.FileOf("renewed") }.Order(StringComparer.Ordinal),
            directory.Files("~v").Order(StringComparer.Ordinal));
        Assert.All(stays, file => Assert.True(File.Exists(file), file));
        Assert.All(goes, file => Assert.False(File.Exists(file), file));
        Assert.False(Directory.Exists(Path.Combine(beside, ".c~n.@i-3")));
        Assert.Equal(2, store.Janitor.Last!.Values);

        string Left(string name, TimeSpan age)
        {
            string file = Path.Combine(beside, name);
            File.WriteAllText(file, "left");
            SharedDirectory.Age(file, age);
            return file;
        }
    }

    [Fact]
    public async Task Size_is_kept_while_three_instances_write()
    {
        const long Size = 8 << 20;
        const int ValueBytes = 32 << 10;
        await using var directory = new SharedDirectory();
        var stores = Enumerable.Range(0, 3).Select(_ => directory.Open(sizeBytes: Size)).ToArray();
        foreach (var store in stores)
        {
            await store.SetAsync("first", s_value, s_hour, Ct);
        }

        // All write at once until each has used up its share; then all look after the directory at once, which one of them
        // may, and the others after it. Each pass leaves room again.
        long largest = 0;
        long written = 0;
        for (int round = 0; round < 1000 && written < Size * 5 / 4; round++)
        {
            await Task.WhenAll(stores.Select((store, index) => Task.Run(
                async () =>
                {
                    for (int number = 0; await TryWriteAsync(store, $"{index}-{round}-{number}"); number++)
                    {
                        Interlocked.Add(ref written, ValueBytes);
                    }
                },
                Ct)));
            largest = Math.Max(largest, directory.ValueBytes());
            await Task.WhenAll(stores.Select(store => Task.Run(() => store.Janitor.TryPass(isForced: false), Ct)));
            Array.ForEach(stores, store => store.Janitor.TryPass(isForced: false));
        }

        Assert.InRange(largest, Size * 7 / 8, Size);
        Assert.True(written >= Size * 5 / 4, $"{written} bytes were written");
        await SharedDirectory.CleanUpAsync(stores[2]);
        Assert.InRange(directory.ValueBytes(), Size * 3 / 4, Size * 7 / 8);
        Assert.Equal(3, stores[2].Janitor.Last!.Instances);

        async Task<bool> TryWriteAsync(DirectoryStore store, string key)
        {
            try
            {
                await store.SetAsync(key, new byte[ValueBytes], s_hour, Ct);
                return true;
            }
            catch (NoRoomException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Those_that_nobody_has_read_or_written_for_the_longest_time_go_first()
    {
        const int ValueBytes = 100 << 10;
        await using var directory = new SharedDirectory();
        await using (var large = directory.Open())
        {
            for (int number = 0; number < 20; number++)
            {
                await large.SetAsync(Name(number), new byte[ValueBytes], s_hour * 100, Ct);
                SharedDirectory.Age(directory.FileOf(Name(number)), s_hour * (number + 2));
            }

            // The oldest of all is read.
            using var read = await large.GetAsync(Name(19), Ct);
            Assert.NotNull(read);
        }

        var small = directory.Open(sizeBytes: 1 << 20);
        await SharedDirectory.CleanUpAsync(small);
        int[] left = [.. Enumerable.Range(0, 20).Where(number => File.Exists(directory.FileOf(Name(number))))];
        Assert.InRange(left.Length, 6, 8);
        Assert.Equal([.. Enumerable.Range(0, left.Length - 1), 19], left);

        static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"n{number}");
    }

    [Fact]
    public async Task Lock_of_an_instance_that_lives_is_respected_and_that_of_a_dead_one_taken_over()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await SharedDirectory.CleanUpAsync(store);
        string held = directory.Combine(DirectoryLayout.JanitorLock);
        await File.WriteAllTextAsync(held, "another", Ct);
        SharedDirectory.Age(held, TimeSpan.FromMinutes(2.9));
        Assert.False(store.Janitor.TryPass(isForced: true));
        Assert.Equal("another", await File.ReadAllTextAsync(held, Ct));

        SharedDirectory.Age(held, TimeSpan.FromMinutes(3.1));
        Assert.True(store.Janitor.TryPass(isForced: true));
        Assert.False(File.Exists(held));
    }

    [Fact]
    public async Task Of_many_instances_one_keeps_the_lock_of_a_dead_one()
    {
        await using var directory = new SharedDirectory();
        await SharedDirectory.CleanUpAsync(directory.Open());
        var root = OpenDirectory.Open(directory.Path, "instance", TimeProvider.System);
        for (int round = 0; round < 50; round++)
        {
            string held = directory.Combine(DirectoryLayout.JanitorLock);
            await File.WriteAllTextAsync(held, "another", Ct);
            SharedDirectory.Age(held, s_hour);
            var locks = Enumerable.Range(0, 4)
                .Select(index => new JanitorLock(new FileWriter($"i{index}", flushes: false), $"i{index}", 60_000_000_000))
                .ToArray();
            bool[] taken = await Task.WhenAll(locks.Select(one => Task.Run(() => one.TryTake(root), Ct)));

            // Two may believe for a moment that they have it. When they say that they are alive, one does.
            Assert.Contains(true, taken);
            Assert.Single(locks.Where((one, index) => taken[index] && one.TryRenew(root)));
            Array.ForEach(locks, one => one.Release(root));
            Assert.False(File.Exists(held));
        }
    }

    [Fact]
    public async Task Pass_of_one_instance_is_enough_for_all_until_it_is_old()
    {
        await using var directory = new SharedDirectory();
        var stores = Enumerable.Range(0, 2).Select(_ => directory.Open()).ToArray();
        await SharedDirectory.CleanUpAsync(stores[0]);
        Assert.False(stores[1].Janitor.TryPass(isForced: false));
        Assert.Equal(stores[0].Janitor.Last!.StartedAtNs, stores[1].Janitor.Last!.StartedAtNs);

        Rewrite(stores[0].Janitor.Last! with { StartedAtNs = stores[0].Janitor.Last!.StartedAtNs - 31_000_000_000 });
        Assert.True(stores[1].Janitor.TryPass(isForced: false));

        // Whoever needs a minute for a pass makes one in ten.
        var slow = stores[1].Janitor.Last!;
        Rewrite(slow with { StartedAtNs = slow.StartedAtNs - 500_000_000_000, TookNs = 60_000_000_000 });
        Assert.False(stores[1].Janitor.TryPass(isForced: false));

        void Rewrite(JanitorPass pass) =>
            pass.Write(OpenDirectory.Open(directory.Path, "instance", TimeProvider.System), new FileWriter("instance", flushes: false));
    }

    [Fact]
    public async Task Janitor_comes_every_minute()
    {
        await using var directory = new SharedDirectory();
        var time = new ManualTime();
        var store = directory.Open(time);
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(File.Exists(directory.Combine(DirectoryLayout.Marker)));
        time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => store.Janitor.Last is not null, "a pass");
    }

    [Fact]
    public async Task Old_numbers_of_a_counter_go_and_are_given_to_nobody_again()
    {
        await using var directory = new SharedDirectory();
        var slept = directory.Open();
        var other = directory.Open();
        Assert.Equal(1000, await slept.IncrementAsync(Key, 1000, Ct));
        for (int number = 1001; number < 1200; number++)
        {
            Assert.Equal(number, await other.IncrementAsync(Key, 1, Ct));
        }

        await SharedDirectory.CleanUpAsync(other);
        Assert.Equal(Enumerable.Range(1200 - CounterFiles.Kept, CounterFiles.Kept).Select(number => (long)number), directory.Numbers(Key));

        // This one remembers 1000, and 1001 is free.
        Assert.Equal(1200, await slept.IncrementAsync(Key, 1, Ct));
        Assert.Equal(1200, await other.ReadCounterAsync(Key, Ct));
        Assert.Equal(1200, directory.Numbers(Key)[^1]);
    }

    [Fact]
    public async Task Number_made_in_the_place_of_an_old_one_is_given_back()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        Assert.Equal(10, await store.IncrementAsync(Key, 10, Ct));
        string counter = directory.Combine(DirectoryLayout.CounterOf(Key));

        // Others have counted on to 200 and the janitor has been there; it was about to take 10 too.
        for (int number = 137; number <= 200; number++)
        {
            await File.WriteAllBytesAsync(Path.Combine(counter, number.ToString(CultureInfo.InvariantCulture)), [], Ct);
        }

        Assert.Equal(201, await store.IncrementAsync(Key, 10, Ct));
        Assert.DoesNotContain(11, directory.Numbers(Key));
    }

    [Fact]
    public async Task Counter_that_nobody_has_used_for_a_month_goes_and_begins_above_what_is_known()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        Assert.Equal(10, await store.IncrementAsync(Key, 10, Ct));
        Assert.Equal(11, await store.IncrementAsync(Key, 10, Ct));
        string counter = directory.Combine(DirectoryLayout.CounterOf(Key));
        SharedDirectory.Age(Path.Combine(counter, "10"), TimeSpan.FromDays(31));
        await SharedDirectory.CleanUpAsync(store);
        Assert.True(Directory.Exists(counter));
        SharedDirectory.Age(Path.Combine(counter, "11"), TimeSpan.FromDays(31));
        await SharedDirectory.CleanUpAsync(store);
        Assert.False(Directory.Exists(counter));
        Assert.Equal(0, await store.ReadCounterAsync(Key, Ct));
        Assert.Equal(12, await store.IncrementAsync(Key, 10, Ct));
    }

}
