using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Machine;

namespace Slice.Tests.Host.Machine;

/// <summary>Whether the cache is on disk where the configuration leaves that open.</summary>
public sealed class CacheTierTests
{
    private const string Default = CacheStoreOptions.DefaultDirectory;
    private const long GiB = 1L << 30;
    private const long MiB = 1L << 20;

    private readonly FakeDisks _disks = new();
    private readonly List<Notice> _notices = [];

    [Fact]
    public void Default_directory_that_may_be_written_makes_a_cache_on_disk()
    {
        _disks.Writable.Add(Default);
        var store = Decide(new CacheStoreOptions());
        Assert.Equal((true, 10 * GiB), (store.OnDisk, store.DiskSizeBytes));
        Assert.Contains($"on disk, 10 GiB in {Default}", Assert.Single(_notices).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Default_directory_that_is_not_there_leaves_the_cache_in_memory()
    {
        Assert.False(Decide(new CacheStoreOptions()).OnDisk);
        Assert.Contains($"in memory: {Default}", Assert.Single(_notices).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_set_is_done(bool onDisk)
    {
        _disks.Writable.Add(Default);
        _disks.Free = GiB;
        var store = Decide(new CacheStoreOptions { OnDisk = onDisk });
        Assert.Equal((onDisk, 10 * GiB), (store.OnDisk, store.DiskSizeBytes));
        Assert.Empty(_notices);
    }

    [Fact]
    public void Directory_that_is_named_makes_a_cache_on_disk_whatever_its_state()
    {
        _disks.Free = GiB;
        var store = Decide(new CacheStoreOptions { Directory = "/srv/cache" });
        Assert.Equal((true, 10 * GiB), (store.OnDisk, store.DiskSizeBytes));
    }

    [Fact]
    public void Cache_that_is_off_is_nowhere()
    {
        _disks.Writable.Add(Default);
        var decided = CacheTier.Decide(new SliceOptions { EnableCache = false }, _disks, _notices);
        Assert.False(decided.Store.OnDisk);
        Assert.Empty(_notices);
    }

    // Half of what is free, with what the cache has already, in whole steps.
    [Theory]
    [InlineData(8 * GiB, 0, 0, 4 * GiB)]
    [InlineData(6 * GiB, 2 * GiB, 0, 4 * GiB)]
    [InlineData(100 * GiB, 0, 0, 10 * GiB)]
    [InlineData(12 * GiB, 0, 2, 2 * GiB)]
    [InlineData(257 * MiB, 0, 0, 128 * MiB)]
    public void Size_that_nobody_has_set_leaves_room_for_others(long freeBytes, long usedBytes, int others, long expectedBytes)
    {
        _disks.Writable.Add(Default);
        (_disks.Free, _disks.Used) = (freeBytes, usedBytes);
        _disks.Instances.AddRange(Enumerable.Range(8081, others).Select(port => $"{Default}/port-{port}"));
        Assert.Equal(expectedBytes, Decide(new CacheStoreOptions()).DiskSizeBytes);
    }

    [Fact]
    public void Size_that_was_set_stays()
    {
        _disks.Writable.Add(Default);
        _disks.Free = GiB;
        Assert.Equal(20 * GiB, Decide(new CacheStoreOptions { DiskSizeBytes = 20 * GiB }).DiskSizeBytes);
    }

    [Fact]
    public void Disk_that_is_nearly_full_leaves_the_cache_in_memory()
    {
        _disks.Writable.Add(Default);
        _disks.Free = 255 * MiB;
        Assert.False(Decide(new CacheStoreOptions()).OnDisk);
        Assert.Contains("little room", Assert.Single(_notices).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Size_of_several_instances_is_said_in_words_with_the_sum()
    {
        _disks.Instances.AddRange([$"{Default}/port-8080", $"{Default}/port-8081", $"{Default}/port-8082"]);
        Decide(new CacheStoreOptions { OnDisk = true, Directory = $"{Default}/port-8081", DiskSizeBytes = 4 * GiB });
        Assert.Equal(
            "cache_size is for each instance: 4 GiB for port-8081; with port-8080, port-8082 beside it up to 12 GiB",
            Assert.Single(_notices).ToString());
    }

    [Fact]
    public void Share_of_the_free_room_is_no_sum()
    {
        _disks.Writable.Add(Default);
        _disks.Free = 12 * GiB;
        _disks.Instances.Add($"{Default}/port-8080");
        Decide(new CacheStoreOptions { Directory = $"{Default}/port-8081" });
        Assert.Equal("cache_size is for each instance: 3 GiB for port-8081; beside port-8080", _notices[^1].Text);
    }

    [Fact]
    public void Instance_without_others_says_its_own_size()
    {
        _disks.Writable.Add(Default);
        _disks.Free = 100 * GiB;
        var store = Decide(new CacheStoreOptions { Directory = $"{Default}/port-8080" });
        Assert.True(store.OnDisk);
        Assert.Equal("cache_size is for each instance: 10 GiB for port-8080", _notices[^1].Text);
    }

    private CacheStoreOptions Decide(CacheStoreOptions store) =>
        CacheTier.Decide(new SliceOptions { Store = store }, _disks, _notices).Store;

    private sealed class FakeDisks : IDisks
    {
        public HashSet<string> Writable { get; } = [];

        public long Free { get; set; } = 1L << 50;

        public long Used { get; set; }

        public List<string> Instances { get; } = [];

        public bool MayWrite(string directory) => Writable.Contains(directory);

        public long FreeBytes(string directory) => Free;

        public long UsedBytes(string directory) => Used;

        public IReadOnlyList<string> InstancesIn(string directory) => Instances;
    }
}
