using Slice.Core.Options;
using Slice.Host.Machine;

namespace Slice.Tests.Host.Machine;

/// <summary>What does not fit the machine is lowered, and each key is named with both values and the limit.</summary>
public sealed class OptionFitTests
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;
    private const long TiB = 1L << 40;

    private static readonly MachineLimits s_large = new(1 << 20, null, null);

    private static (SliceOptions Options, List<LoweredOption> Lowered) Fit(SliceOptions options, MachineLimits machine)
    {
        List<LoweredOption> lowered = [];
        return (OptionFit.Apply(options, machine, lowered), lowered);
    }

    private static SliceOptions OnDisk(long bytes) => new() { Store = new() { OnDisk = true, DiskSizeBytes = bytes } };

    private static SliceOptions InMemory(long bytes) => new() { Store = new() { MemorySizeBytes = bytes } };

    [Fact]
    public void Defaults_fit_the_limits_of_the_shipped_unit()
    {
        var options = new SliceOptions();

        var (fitted, lowered) = Fit(options, new MachineLimits(65_536, null, 65_530));

        Assert.Same(options, fitted);
        Assert.Empty(lowered);
    }

    // 10,000 connections, 1 segment: 20,000 + 1 + 64.
    [Theory]
    [InlineData(20_065, 10_000)]
    [InlineData(20_064, 9_999)]
    [InlineData(19_865, 9_900)]
    [InlineData(19_864, 9_899)]
    [InlineData(1024, 479)]
    [InlineData(256, 95)]
    [InlineData(8, 2)]
    [InlineData(3, 1)]
    [Trait("Behaviour", "B55")]
    public void Connections_take_what_segments_and_reserve_leave(int descriptors, int expected)
    {
        var (fitted, lowered) = Fit(new SliceOptions(), s_large with { Descriptors = descriptors });

        Assert.Equal(expected, fitted.Limits.MaxConnections);
        Assert.Equal(expected < 9_900 ? 1 : 0, lowered.Count);
    }

    [Fact]
    [Trait("Behaviour", "B55")]
    public void Lowered_connections_are_told_with_the_limit_and_its_name()
    {
        var lowered = Assert.Single(Fit(new SliceOptions(), s_large with { Descriptors = 1024 }).Lowered);

        Assert.Equal(
            new LoweredOption(
                "limits.max_connections",
                "10000",
                "479",
                "the limit of file descriptors (RLIMIT_NOFILE, systemd's LimitNOFILE) is 1024: "
                    + "two for each connection, 1 for segments, 64 in reserve"),
            lowered);
    }

    [Theory]
    [InlineData(384 * MiB, 512 * MiB, 384 * MiB)]
    [InlineData(385 * MiB, 512 * MiB, 384 * MiB)]
    [InlineData(256 * MiB, 10 * MiB, 16 * MiB)]
    [Trait("Behaviour", "B55")]
    public void Cache_in_memory_takes_three_quarters_of_the_groups_memory(long configured, long limit, long expected)
    {
        var (fitted, lowered) = Fit(InMemory(configured), s_large with { MemoryBytes = limit });

        Assert.Equal(expected, fitted.Store.MemorySizeBytes);
        Assert.Equal(configured > expected ? ["l1_cache_size_bytes"] : [], lowered.Select(option => option.Key));
    }

    [Fact]
    public void Cache_on_disk_has_a_memory_size_that_fits_without_a_word_as_it_is_not_in_use()
    {
        var (fitted, lowered) = Fit(OnDisk(GiB), s_large with { MemoryBytes = 64 * MiB });

        Assert.Equal(48 * MiB, fitted.Store.MemorySizeBytes);
        Assert.Empty(lowered);
    }

    [Fact]
    [Trait("Behaviour", "B55")]
    public void Cache_on_disk_has_no_more_segments_than_there_are_mappings()
    {
        var (fitted, lowered) = Fit(OnDisk(64 * TiB), s_large with { Maps = 65_530 });

        Assert.Equal((65_530 - 2048) * GiB, fitted.Store.DiskSizeBytes);
        Assert.Equal(
            new LoweredOption("cache_size", "64TiB", "63482GiB", "vm.max_map_count is 65530, and each GiB is a mapping"),
            Assert.Single(lowered));
    }

    [Fact]
    [Trait("Behaviour", "B55")]
    public void Cache_on_disk_leaves_half_of_the_descriptors_to_clients()
    {
        var (fitted, lowered) = Fit(OnDisk(2 * TiB), s_large with { Descriptors = 1024 });

        Assert.Equal(512 * GiB, fitted.Store.DiskSizeBytes);
        Assert.Equal((1024 - 512 - 64) / 2, fitted.Limits.MaxConnections);
        Assert.Equal(["cache_size", "limits.max_connections"], lowered.Select(option => option.Key));
    }

    [Fact]
    [Trait("Behaviour", "B55")]
    public void Cache_in_memory_has_segments_too()
    {
        var (fitted, lowered) = Fit(InMemory(TiB), s_large with { Maps = 512 });

        Assert.Equal(256 * GiB, fitted.Store.MemorySizeBytes);
        Assert.Equal("l1_cache_size_bytes", Assert.Single(lowered).Key);
    }

    [Fact]
    public void Limits_of_this_machine_can_be_read()
    {
        var machine = MachineLimits.RaiseAndRead();

        Assert.Equal(machine.Descriptors, NativeDescriptors.Limit);
        Assert.True(machine.Descriptors > 0);
        Assert.True(machine.Maps > 0);
    }
}
