using Slice.Host.Machine;

namespace Slice.Tests.Host.Machine;

/// <summary>The memory limit is found wherever the kernel puts it: both versions, in groups of groups, in containers.</summary>
public sealed class CgroupMemoryTests
{
    private const string NoLimitOfVersion1 = "9223372036854771712\n";

    private static long? Limit(params (string Path, string Text)[] files) =>
        CgroupMemory.Limit(path => files.FirstOrDefault(file => file.Path == path).Text);

    [Fact]
    public void Machine_without_cgroups_has_no_limit() => Assert.Null(Limit());

    [Theory]
    [InlineData("max\n", null)]
    [InlineData("536870912\n", 536870912L)]
    public void Version_2_group_has_its_limit_or_none(string text, long? expected) => Assert.Equal(
        expected,
        Limit(
            ("/proc/self/cgroup", "0::/system.slice/pingora-slice.service\n"),
            ("/sys/fs/cgroup/system.slice/pingora-slice.service/memory.max", text)));

    [Fact]
    public void Least_limit_on_the_way_to_the_root_counts() => Assert.Equal(
        1000,
        Limit(
            ("/proc/self/cgroup", "0::/a/b\n"),
            ("/sys/fs/cgroup/a/b/memory.max", "2000\n"),
            ("/sys/fs/cgroup/a/memory.max", "1000\n"),
            ("/sys/fs/cgroup/memory.max", "max\n")));

    [Fact]
    public void Version_2_container_finds_its_limit_at_the_root() => Assert.Equal(
        4096,
        Limit(("/proc/self/cgroup", "0::/\n"), ("/sys/fs/cgroup/memory.max", "4096\n")));

    [Fact]
    public void Version_1_container_whose_path_is_the_hosts_finds_its_limit_at_the_root() => Assert.Equal(
        8192,
        Limit(
            ("/proc/self/cgroup", "11:cpu,cpuacct:/docker/0af3\n4:memory:/docker/0af3\n1:name=systemd:/docker/0af3\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "8192\n")));

    [Fact]
    public void Version_1_group_without_a_limit_has_none() => Assert.Null(
        Limit(("/proc/self/cgroup", "4:memory:/a\n0::/a\n"), ("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", NoLimitOfVersion1)));
}
