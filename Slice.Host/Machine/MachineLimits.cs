using System.Globalization;

namespace Slice.Host.Machine;

/// <summary>What the machine allows the process. Immutable.</summary>
/// <param name="Descriptors">Most file descriptors, RLIMIT_NOFILE.</param>
/// <param name="MemoryBytes">Most memory, of the cgroup; null without a limit.</param>
/// <param name="Maps">Most mappings, <c>vm.max_map_count</c>; null when it cannot be known.</param>
internal sealed record MachineLimits(int Descriptors, long? MemoryBytes, int? Maps)
{
    /// <summary>Raises the soft limit of descriptors to the hard one and reads all limits.</summary>
    public static MachineLimits RaiseAndRead() => new(
        NativeDescriptors.RaiseLimit(),
        CgroupMemory.Limit(ReadOrNull),
        int.TryParse(ReadOrNull("/proc/sys/vm/max_map_count"), CultureInfo.InvariantCulture, out int maps) ? maps : null);

    private static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
