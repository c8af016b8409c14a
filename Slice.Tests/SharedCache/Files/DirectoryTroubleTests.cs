using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Files;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Files;

/// <summary>Whatever stands in a shared directory, and whatever becomes of it: a miss, or an exception in words.</summary>
[Trait("Behaviour", "B46")]
public sealed class DirectoryTroubleTests
{
    private const string Key = "pslice:s:1";
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);
    private static readonly byte[] s_value = "a value of some bytes"u8.ToArray();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task File_that_was_cut_anywhere_is_a_miss()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, s_value, s_minute, Ct);
        byte[] whole = await File.ReadAllBytesAsync(directory.FileOf(Key), Ct);
        for (int length = 0; length < whole.Length; length++)
        {
            await File.WriteAllBytesAsync(directory.FileOf(Key), whole[..length], Ct);
            Assert.Null(await store.GetAsync(Key, Ct));
        }

        await File.WriteAllBytesAsync(directory.FileOf(Key), [.. whole, 0], Ct);
        Assert.Null(await store.GetAsync(Key, Ct));
        await File.WriteAllBytesAsync(directory.FileOf(Key), whole, Ct);
        using var read = await store.GetAsync(Key, Ct);
        Assert.Equal(s_value, read!.Bytes);
    }

    [Fact]
    public async Task Header_with_any_other_bit_is_a_miss()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, s_value, s_minute, Ct);
        byte[] whole = await File.ReadAllBytesAsync(directory.FileOf(Key), Ct);
        for (int bit = 0; bit < ValueHeader.Bytes * 8; bit++)
        {
            byte[] damaged = [.. whole];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            await File.WriteAllBytesAsync(directory.FileOf(Key), damaged, Ct);
            Assert.Null(await store.GetAsync(Key, Ct));
        }
    }

    [Fact]
    public async Task Value_of_another_key_under_this_name_is_a_miss()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync("pslice:A", s_value, s_minute, Ct);
        await store.SetAsync("pslice:a", s_value, s_minute, Ct);
        File.Copy(directory.FileOf("pslice:A"), directory.FileOf("pslice:a"), overwrite: true);
        Assert.Null(await store.GetAsync("pslice:a", Ct));
    }

    [Fact]
    public async Task Foreign_file_is_a_miss_and_makes_room_for_a_value()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, s_value, s_minute, Ct);
        await File.WriteAllTextAsync(directory.FileOf(Key), new string('x', 1000), Ct);
        Assert.Null(await store.GetAsync(Key, Ct));
        Assert.True(await store.TryAddAsync(Key, s_value, s_minute, Ct));
        using var read = await store.GetAsync(Key, Ct);
        Assert.Equal(s_value, read!.Bytes);
    }

    [Fact]
    public async Task Directory_under_a_name_is_a_miss_and_takes_no_value()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, s_value, s_minute, Ct);
        File.Delete(directory.FileOf(Key));
        Directory.CreateDirectory(directory.FileOf(Key));
        Assert.Null(await store.GetAsync(Key, Ct));
        Assert.False(await store.TryRenewAsync(Key, s_value, s_minute, Ct));
        var error = await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.SetAsync(Key, s_value, s_minute, Ct));
        Assert.Equal($"cannot write {directory.FileOf(Key)}: something that is not ours stands there", error.Message);
        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.TryAddAsync(Key, s_value, s_minute, Ct));
        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.RemoveAsync(Key, Ct));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(directory.FileOf(Key))!));
    }

    [Fact]
    public async Task Pipe_under_a_name_is_a_miss_and_no_wait()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, s_value, s_minute, Ct);
        File.Delete(directory.FileOf(Key));
        NamedPipe.Make(directory.FileOf(Key));
        Assert.Null(await Deadline.WithinAsync(store.GetAsync(Key, Ct).AsTask(), "an answer"));
        Assert.True(await store.TryAddAsync(Key, s_value, s_minute, Ct));
    }

    [Fact]
    public async Task Symbolic_link_is_not_followed()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, s_value, s_minute, Ct);
        File.Move(directory.FileOf(Key), directory.Combine("elsewhere"));
        File.CreateSymbolicLink(directory.FileOf(Key), directory.Combine("elsewhere"));
        Assert.Null(await store.GetAsync(Key, Ct));
        await store.SetAsync(Key, s_value, s_minute, Ct);
        Assert.Null(new FileInfo(directory.FileOf(Key)).LinkTarget);
    }

    [Fact]
    public async Task Directory_that_is_missing_is_not_made_and_is_used_once_it_is_there()
    {
        await using var directory = new SharedDirectory();
        string path = directory.Combine("mount");
        var store = directory.Open(path: path);
        int told = 0;
        store.Told = () => told++;
        var error = await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.GetAsync(Key, Ct));
        Assert.Equal($"cannot open {path}: it is not there; is its file system mounted?", error.Message);
        Assert.False(Directory.Exists(path));

        Directory.CreateDirectory(path);
        Assert.Null(await store.GetAsync(Key, Ct));
        Assert.Equal(1, told);
        await store.SetAsync(Key, s_value, s_minute, Ct);
        Assert.Equal(1, told);
    }

    [Fact]
    public async Task Directory_of_somebody_else_is_refused_and_left_as_it_is()
    {
        await using var directory = new SharedDirectory();
        await File.WriteAllTextAsync(directory.Combine("thesis.tex"), "years of work", Ct);
        var store = directory.Open();
        var error = await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.SetAsync(Key, s_value, s_minute, Ct));
        Assert.StartsWith($"{directory.Path} is not empty (thesis.tex) and no shared cache", error.Message, StringComparison.Ordinal);
        Assert.Throws<KeyValueStoreException>(() => store.Janitor.TryPass(isForced: true));
        Assert.Equal([directory.Combine("thesis.tex")], Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public async Task Root_of_a_new_file_system_is_empty()
    {
        await using var directory = new SharedDirectory();
        Directory.CreateDirectory(directory.Combine("lost+found"));
        Directory.CreateDirectory(directory.Combine(".trashcan"));
        await directory.Open().SetAsync(Key, s_value, s_minute, Ct);
        Assert.True(File.Exists(directory.FileOf(Key)));
    }

    [Fact]
    public async Task Directory_of_another_layout_is_refused()
    {
        await using var directory = new SharedDirectory();
        await File.WriteAllTextAsync(directory.Combine(DirectoryLayout.Marker), "pingora-slice shared cache, layout 2\n", Ct);
        var error = await Assert.ThrowsAsync<KeyValueStoreException>(async () => await directory.Open().GetAsync(Key, Ct));
        Assert.StartsWith($"{directory.Path} is no shared cache of this version", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instances_that_find_an_empty_directory_at_once_all_use_it()
    {
        for (int round = 0; round < 10; round++)
        {
            await using var directory = new SharedDirectory();
            var stores = Enumerable.Range(0, 6).Select(_ => directory.Open()).ToArray();
            await Task.WhenAll(stores.Select((store, index) => store.SetAsync($"{Key}{index}", s_value, s_minute, Ct).AsTask()));
            foreach (int index in Enumerable.Range(0, 6))
            {
                using var read = await stores[(index + 1) % 6].GetAsync($"{Key}{index}", Ct);
                Assert.NotNull(read);
            }
        }
    }

    [Fact]
    public async Task Full_disk_is_said_and_leaves_nothing_and_what_is_there_is_read()
    {
        using var small = await SmallFileSystem.MountAsync("size=1m");
        await using var directory = new SharedDirectory();
        SharedDirectory.Hold(small.Path);
        var store = directory.Open(path: small.Path);
        int told = 0;
        store.Told = () => told++;
        await store.SetAsync(Key, s_value, s_minute, Ct);

        var error = await Assert.ThrowsAsync<KeyValueStoreException>(
            async () => await store.SetAsync("pslice:long", new byte[2 << 20], s_minute, Ct));
        Assert.EndsWith("its file system is full", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(small.Path, "*", SearchOption.AllDirectories), file => file.Contains(".@"));
        using var read = await store.GetAsync(Key, Ct);
        Assert.Equal(s_value, read!.Bytes);
        Assert.Equal(1, told);
    }

    [Fact]
    public async Task Instance_that_comes_to_a_full_disk_reads_and_cleans_up()
    {
        using var small = await SmallFileSystem.MountAsync("size=1m");
        await using var directory = new SharedDirectory();
        var first = directory.Open(path: small.Path);
        await first.SetAsync(Key, s_value, s_minute, Ct);
        await first.SetAsync("pslice:s:2", s_value, s_minute, Ct);
        await first.DisposeAsync();
        Fill(Path.Combine(small.Path, "filler"));

        var late = directory.Open(path: small.Path);
        using (var read = await late.GetAsync(Key, Ct))
        {
            Assert.Equal(s_value, read!.Bytes);
        }

        string expired = Path.Combine(small.Path, DirectoryLayout.ValueOf("pslice:s:2"));
        SharedDirectory.Age(expired, TimeSpan.FromHours(1));
        await SharedDirectory.CleanUpAsync(late);
        Assert.False(File.Exists(expired));
    }

    [Fact]
    public async Task Read_only_file_system_is_said()
    {
        using var small = await SmallFileSystem.MountAsync("ro,size=1m");
        await using var directory = new SharedDirectory();
        var store = directory.Open(path: small.Path);
        var error = await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.SetAsync(Key, s_value, s_minute, Ct));
        Assert.EndsWith("its file system is mounted read-only", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Path_that_leads_elsewhere_after_a_mount_is_followed()
    {
        await using var directory = new SharedDirectory();
        var time = new ManualTime();
        string path = Directory.CreateDirectory(directory.Combine("mount")).FullName;
        var store = directory.Open(time, path: path);
        await store.SetAsync(Key, s_value, s_minute, Ct);
        Directory.Move(path, directory.Combine("before"));
        Directory.CreateDirectory(path);

        // What is in the directory that was opened is still reached.
        using (var read = await store.GetAsync(Key, Ct))
        {
            Assert.NotNull(read);
        }

        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(await store.GetAsync(Key, Ct));
        await store.SetAsync(Key, s_value, s_minute, Ct);
        Assert.True(File.Exists(Path.Combine(path, DirectoryLayout.ValueOf(Key))));
    }

    [Fact]
    public async Task Directory_that_is_removed_and_made_again_is_used_again()
    {
        await using var directory = new SharedDirectory();
        string path = Directory.CreateDirectory(directory.Combine("mount")).FullName;
        var store = directory.Open(path: path);
        int told = 0;
        store.Told = () => told++;
        await store.SetAsync(Key, s_value, s_minute, Ct);
        await Eventually.TrueAsync(
            () => store.Janitor.Last is not null && !File.Exists(Path.Combine(path, DirectoryLayout.JanitorLock)), "the first pass");
        Directory.Delete(path, recursive: true);
        Assert.Null(await store.GetAsync(Key, Ct));
        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.SetAsync(Key, s_value, s_minute, Ct));

        Directory.CreateDirectory(path);
        await store.SetAsync(Key, s_value, s_minute, Ct);
        Assert.Equal(1, told);
        Assert.True(File.Exists(Path.Combine(path, DirectoryLayout.ValueOf(Key))));
    }

    [Fact]
    public async Task Value_longer_than_the_longest_is_refused()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, new byte[ValueFiles.MaxValueBytes], s_minute, Ct);
        var error = await Assert.ThrowsAsync<KeyValueStoreException>(
            async () => await store.SetAsync(Key, new byte[ValueFiles.MaxValueBytes + 1], s_minute, Ct));
        Assert.Contains("is longer than the longest", error.Message, StringComparison.Ordinal);
        using var read = await store.GetAsync(Key, Ct);
        Assert.Equal(ValueFiles.MaxValueBytes, read!.Bytes.Length);
    }

    [Fact]
    public async Task Names_of_any_key_are_within_the_directory()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open(flushes: true);
        string[] keys = [".", "..", "...", ".a.", "-", ":", new('k', DirectoryLayout.MaxKeyLength)];
        foreach (string key in keys)
        {
            await store.SetAsync(key, s_value, s_minute, Ct);
            Assert.Equal(1, await store.IncrementAsync(key, 1, Ct));
        }

        await SharedDirectory.CleanUpAsync(store);
        foreach (string key in keys)
        {
            using var read = await store.GetAsync(key, Ct);
            Assert.Equal(s_value, read!.Bytes);
            Assert.Equal(1, await store.ReadCounterAsync(key, Ct));
        }
    }

    [Fact]
    public async Task Store_says_where_it_is_and_what_it_holds()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, s_value, s_minute, Ct);
        await SharedDirectory.CleanUpAsync(store);
        Assert.Equal($"directory {directory.Path}", store.Name);
        Assert.Matches(
            @"^/.+ on \S+ \S+, [\d.]+ [GM]iB free; [\d.]+ MiB of at most 1\.0 GiB in 1 values when 1 instances were last cleaned up after$",
            await store.DescribeAsync(Ct));

        // Who only looks makes no pass, and reads what the last one has found.
        var options = new SharedCacheOptions { Type = SharedCacheType.Directory, Directory = directory.Path, DirectorySizeBytes = 1 << 30 };
        await using var looking = new DirectoryStore(options, new ManualTime(), laysOut: false);
        Assert.Contains("MiB of at most 1.0 GiB in 1 values", await looking.DescribeAsync(Ct), StringComparison.Ordinal);
    }

    private static void Fill(string path)
    {
        try
        {
            using var filler = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (true)
            {
                filler.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }
}
