namespace Slice.Core.Storage;

/// <summary>Who holds the lock of a file: <c>/proc/locks</c> tells, of processes that this one can see.</summary>
internal static class LockHolder
{
    /// <summary>Name and number of the process, such as <c>pingora-slice, process 4711</c>; null when nobody can tell.</summary>
    public static string? Of(string path)
    {
        ulong inode = FileOwner.InodeOf(path);
        if (inode == 0)
        {
            return null;
        }

        try
        {
            foreach (string line in File.ReadLines("/proc/locks"))
            {
                // 1: FLOCK  ADVISORY  WRITE 4711 fe:01:131090 0 EOF; one that waits has an arrow behind its number.
                string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (parts.Length > 5 && parts[1] == "FLOCK" && parts[5].EndsWith($":{inode}", StringComparison.Ordinal)
                    && int.TryParse(parts[4], out int process) && process > 0)
                {
                    return $"{File.ReadAllText($"/proc/{process}/comm").Trim()}, process {process}";
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is hidden: then it stays unnamed.
        }

        return null;
    }
}
