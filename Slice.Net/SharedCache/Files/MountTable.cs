namespace Slice.Net.SharedCache.Files;

/// <summary>What file systems this process sees (<c>/proc/self/mountinfo</c>, proc_pid_mountinfo(5)).</summary>
internal static class MountTable
{
    private const string Path = "/proc/self/mountinfo";
    private const int DeviceField = 2;

    /// <summary>The type and source of the file system that a file is on, such as <c>nfs4 10.0.0.9:/cache</c>.</summary>
    public static string Describe(FileStatus file)
    {
        // As statx(2) gives it: major, then minor.
        string device = $"{(uint)file.Device}:{(uint)(file.Device >> 32)}";
        try
        {
            foreach (string line in File.ReadLines(Path))
            {
                // Fields after the hyphen: type, source.
                int hyphen = line.IndexOf(" - ", StringComparison.Ordinal);
                string[] before = line.Split(' ');
                if (hyphen > 0 && before.Length > DeviceField && before[DeviceField] == device)
                {
                    string[] after = line[(hyphen + 3)..].Split(' ');
                    return after.Length > 1 ? $"{after[0]} {after[1]}" : after[0];
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A process without /proc.
        }

        return "file system of unknown type";
    }
}
