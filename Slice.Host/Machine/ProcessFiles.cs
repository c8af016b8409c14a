using System.Globalization;

namespace Slice.Host.Machine;

/// <summary>What /proc says of this process: proc_pid_statm(5), proc_pid_fd(5). Thread-safe.</summary>
internal static class ProcessFiles
{
    /// <summary>Memory in bytes; NaN where /proc does not say.</summary>
    public static (double VirtualBytes, double ResidentBytes) Memory()
    {
        try
        {
            return ParseMemory(File.ReadAllText("/proc/self/statm"), Environment.SystemPageSize);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (double.NaN, double.NaN);
        }
    }

    /// <summary>Open descriptors; NaN where /proc does not say.</summary>
    public static double OpenDescriptors()
    {
        try
        {
            // Without the one that reads the directory.
            return Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() - 1;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return double.NaN;
        }
    }

    /// <summary>Reads <c>statm</c>: pages of address space, pages in memory, and what nobody needs here.</summary>
    internal static (double VirtualBytes, double ResidentBytes) ParseMemory(string statm, int pageBytes)
    {
        string[] pages = statm.Split(' ', 3);
        return pages.Length > 1 && TryParse(pages[0], out long all) && TryParse(pages[1], out long resident)
            ? ((double)all * pageBytes, (double)resident * pageBytes)
            : (double.NaN, double.NaN);
    }

    private static bool TryParse(string text, out long pages) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out pages);
}
