using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Files;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Files;

/// <summary>
/// A shared directory takes what there is room for, says what it does not take, and never grows beyond its size, whoever writes.
/// </summary>
public sealed class DirectoryRoomTests
{
    private const string Key = "pslice:s:1";
    private const int SizeBytes = 16 << 20;
    private const int ValueBytes = 60 << 10;
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);
    private static readonly byte[] s_value = "a value"u8.ToArray();

    private readonly ManualTime _time = new();
    private int _written;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Value_that_would_make_the_directory_too_large_is_not_kept_and_said_and_the_one_before_it_goes()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open(sizeBytes: 1 << 20);
        await store.SetAsync(Key, s_value, s_hour, Ct);
        var error = await Assert.ThrowsAsync<NoRoomException>(async () => await store.SetAsync(Key, new byte[1 << 20], s_hour, Ct));
        Assert.StartsWith("no room until the directory is cleaned up", error.Message, StringComparison.Ordinal);
        Assert.Null(await store.GetAsync(Key, Ct));
        Assert.Contains("1 values not kept for want of room", await store.DescribeAsync(Ct), StringComparison.Ordinal);
    }

    // An eighth of the size in all passes together would be half of this.
    [Fact]
    public async Task Empty_directory_is_filled_by_one_instance_in_a_few_passes()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open(_time, SizeBytes);
        await WriteAllAsync(directory, store);
        for (int pass = 0; directory.ValueBytes() < SizeBytes * 3L / 4; pass++)
        {
            Assert.True(pass < 6, $"{directory.ValueBytes()} bytes after {pass} passes");
            await SharedDirectory.CleanUpAsync(store);
            await WriteAllAsync(directory, store);
        }

        Assert.InRange(directory.ValueBytes(), 0, SizeBytes);
        Assert.Equal(_written, directory.Files("~v").Length);
    }

    [Fact]
    public async Task Room_that_one_was_granted_is_no_others_and_all_together_are_within_the_size()
    {
        await using var directory = new SharedDirectory();
        var stores = Enumerable.Range(0, 3).Select(_ => directory.Open(_time, SizeBytes)).ToArray();
        for (int index = 0; index < stores.Length; index++)
        {
            await IsGrantedAsync(directory, stores[index], grants: index + 1);
        }

        Assert.Equal(3, stores[2].Janitor.Last!.Grants.Count);

        // The last one fills what is left, over many passes that the others do not hear of; then they fill theirs.
        for (int pass = 0; pass < 5; pass++)
        {
            await WriteAllAsync(directory, stores[2]);
            await SharedDirectory.CleanUpAsync(stores[2]);
        }

        long before = directory.ValueBytes();
        await WriteAllAsync(directory, stores[0]);
        await WriteAllAsync(directory, stores[1]);
        Assert.InRange(directory.ValueBytes(), before + (SizeBytes / 4), SizeBytes);
    }

    [Fact]
    public async Task Nobody_begins_a_share_anew_and_nothing_is_removed_while_a_grant_may_take_the_rest()
    {
        await using var directory = new SharedDirectory();
        var holder = directory.Open(_time, SizeBytes);
        var other = directory.Open(_time, SizeBytes);
        await HasLookedAsync(directory, other);
        await IsGrantedAsync(directory, holder, grants: 2);
        await WriteAllAsync(directory, holder);

        // The grant is counted whole, beside what it was used for.
        for (int pass = 0; pass < 10; pass++)
        {
            await SharedDirectory.CleanUpAsync(other);
            await WriteAllAsync(directory, other);
        }

        Assert.Equal(_written, directory.Files("~v").Length);
        int written = _written;
        await SharedDirectory.CleanUpAsync(other);
        await WriteAllAsync(directory, other);
        Assert.Equal(written, _written);

        // The holder looks again, and is granted less.
        await SharedDirectory.CleanUpAsync(holder);
        await SharedDirectory.CleanUpAsync(other);
        await WriteAllAsync(directory, other);
        Assert.True(_written > written);
        Assert.Equal(_written, directory.Files("~v").Length);
    }

    [Fact]
    public async Task Grant_ends_for_its_holder_before_it_ends_for_others()
    {
        await using var directory = new SharedDirectory();
        var holder = directory.Open(_time, SizeBytes);
        await IsGrantedAsync(directory, holder);
        long before = directory.ValueBytes();

        // Somebody else cleans up, so that the holder gets no other one.
        string held = directory.Combine(DirectoryLayout.JanitorLock);
        await File.WriteAllTextAsync(held, "another", Ct);
        _time.Advance(RoomGrant.UsedFor);
        await WriteAllAsync(directory, holder);
        Assert.InRange(directory.ValueBytes(), before + 1, before + (SizeBytes / 8));
        await holder.DisposeAsync();
        File.Delete(held);

        // Others count it still, and do not any more when it is over.
        var other = directory.Open(_time, SizeBytes);
        var root = OpenDirectory.Open(directory.Path, "instance", TimeProvider.System);
        foreach (long leftNs in new[] { 9_000_000_000, -20_000_000_000 })
        {
            RoomGrant[] granted = [Assert.Single(holder.Janitor.Last!.Grants) with { EndsAtNs = root.NowNs() + leftNs }];
            (holder.Janitor.Last! with { Grants = granted }).Write(root, new FileWriter("instance", flushes: false));
            await SharedDirectory.CleanUpAsync(other);
            Assert.Equal(leftNs > 0 ? granted : [], other.Janitor.Last!.Grants);
        }
    }

    [Fact]
    public async Task Instance_that_does_not_write_is_granted_nothing()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open(_time, SizeBytes);
        await SharedDirectory.CleanUpAsync(store);
        Assert.Empty(store.Janitor.Last!.Grants);
    }

    [Fact]
    public async Task Grant_of_who_does_not_write_any_more_is_given_back()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open(_time, SizeBytes);
        await IsGrantedAsync(directory, store);
        _time.Advance(RoomGrant.UsedFor);
        await Eventually.TrueAsync(() => store.Janitor.Last!.Grants.Count == 0, "a pass that grants nothing");
    }

    // News of what was removed, and which instances there are.
    [Fact]
    public async Task Short_value_goes_in_where_long_ones_have_taken_the_room()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open(_time, SizeBytes);
        await WriteAllAsync(directory, store);
        await SharedDirectory.CleanUpAsync(store);
        await WriteAllAsync(directory, store);
        await store.SetAsync("pslice:news", s_value, s_hour, Ct);
        Assert.True(File.Exists(directory.FileOf("pslice:news")));
    }

    [Theory]
    [InlineData("1 2 3 4 5\n", long.MaxValue, 0)]
    [InlineData("1 2 3 4 5 6\n", 6, 0)]
    [InlineData("1 2 3 4 5 6 a 6 7\n", 6, 1)]
    [InlineData("1 2 3 4 5 6 a 6 7 b 8 9\n", 6, 2)]
    [InlineData("1 2 3 4 5 6 a 6\n", 6, 0)]
    [InlineData("1 2 3 4 5 6 a x 7 b 8 9\n", 6, 1)]
    public async Task Pass_of_any_version_is_read(string text, long sizeBytes, int grants)
    {
        await using var directory = new SharedDirectory();
        var root = OpenDirectory.Open(directory.Path, "instance", TimeProvider.System);
        await File.WriteAllTextAsync(directory.Combine(DirectoryLayout.JanitorPass), text, Ct);
        var read = JanitorPass.Read(root);
        Assert.Equal((1, 2, 3, 4, 5), (read!.StartedAtNs, read.TookNs, read.UsedBytes, read.Values, read.Instances));
        Assert.Equal((sizeBytes, grants), (read.SizeBytes, read.Grants.Count));
    }

    [Fact]
    public async Task Pass_with_as_many_grants_as_there_may_be_is_read_as_it_was_written()
    {
        await using var directory = new SharedDirectory();
        var root = OpenDirectory.Open(directory.Path, "instance", TimeProvider.System);
        var pass = new JanitorPass(long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue, int.MaxValue)
        {
            Grants = [.. Enumerable.Range(0, RoomGrant.Most).Select(_ => new RoomGrant(new('f', 16), long.MaxValue, long.MaxValue))],
        };
        pass.Write(root, new FileWriter("instance", flushes: false));
        Assert.Equal(pass.Grants, JanitorPass.Read(root)!.Grants);
    }

    // The first write asks for a pass, which may come at any moment, and would take another grant back.
    private async Task HasLookedAsync(SharedDirectory directory, DirectoryStore store)
    {
        await store.SetAsync($"n{_written++}", s_value, s_hour, Ct);
        await Eventually.TrueAsync(
            () => store.Janitor.Last is not null && !File.Exists(directory.Combine(DirectoryLayout.JanitorLock)), "the first look");
    }

    // One grant more than there are.
    private async Task IsGrantedAsync(SharedDirectory directory, DirectoryStore store, int grants = 1)
    {
        await HasLookedAsync(directory, store);
        for (int pass = 0; pass == 0 || store.Janitor.Last!.Grants.Count != grants; pass++)
        {
            Assert.True(pass < 4, $"{store.Janitor.Last!.Grants.Count} grants after {pass} passes");
            await WriteAllAsync(directory, store);
            await SharedDirectory.CleanUpAsync(store);
        }
    }

    // As many values as it takes now. They look as if they were there when the clock began to stand still: of the future, they were none.
    private async Task WriteAllAsync(SharedDirectory directory, DirectoryStore store)
    {
        try
        {
            while (true)
            {
                await store.SetAsync($"n{_written}", new byte[ValueBytes], s_hour, Ct);
                _written++;
            }
        }
        catch (NoRoomException)
        {
            Array.ForEach(directory.Files("~v"), static file => SharedDirectory.Age(file, TimeSpan.FromMinutes(1)));
        }
    }
}
