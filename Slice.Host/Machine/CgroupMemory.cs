using System.Globalization;

namespace Slice.Host.Machine;

/// <summary>
/// The memory that the control group of the process may take: version 2 (memory.max) or version 1 (memory.limit_in_bytes). Pure.
/// </summary>
internal static class CgroupMemory
{
    // Version 1 says "no limit" by the largest number of whole pages; no machine has an exbibyte.
    private const long NoLimit = 1L << 60;

    /// <summary>
    /// The least limit of the group and of those it is in; null when none has one. In a container the path that the kernel tells may lead
    /// from the host's root, which is not there; then the root that is there is the container's own group.
    /// </summary>
    /// <param name="read">Reads a file as a whole; null when there is none.</param>
    public static long? Limit(Func<string, string?> read)
    {
        long least = NoLimit;
        foreach (string line in (read("/proc/self/cgroup") ?? "").Split('\n'))
        {
            // "0::/system.slice/a.service" in version 2, "4:memory:/docker/0af3" in version 1.
            if (line.Split(':', 3) is [_, var controllers, var path])
            {
                least = Math.Min(least, controllers switch
                {
                    "" => LeastUpwards("/sys/fs/cgroup", path, "memory.max", read),
                    _ when controllers.Split(',').Contains("memory") =>
                        LeastUpwards("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes", read),
                    _ => NoLimit,
                });
            }
        }

        return least < NoLimit ? least : null;
    }

    private static long LeastUpwards(string root, string path, string file, Func<string, string?> read)
    {
        long least = NoLimit;
        string group = path.TrimEnd('/');
        while (true)
        {
            // "max" is no number, and no limit.
            if (long.TryParse(read($"{root}{group}/{file}"), CultureInfo.InvariantCulture, out long limit))
            {
                least = Math.Min(least, limit);
            }

            if (group.Length == 0)
            {
                return least;
            }

            group = group[..Math.Max(0, group.LastIndexOf('/'))];
        }
    }
}
