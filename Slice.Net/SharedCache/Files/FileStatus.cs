namespace Slice.Net.SharedCache.Files;

/// <summary>What statx(2) tells about a file. Times are nanoseconds since 1970 by the clock of the file's server.</summary>
/// <param name="IsRegular">Neither directory, pipe, device nor link.</param>
/// <param name="IsDirectory">A directory.</param>
/// <param name="Links">Names that it has.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="TakenBytes">What it takes of the disk: blocks, or the length where that is more.</param>
/// <param name="WrittenAtNs">When bytes of it were written last (st_mtime).</param>
/// <param name="ReadAtNs">When it was read last, as far as anybody keeps account (st_atime).</param>
/// <param name="Device">Its file system.</param>
/// <param name="Inode">Its number there.</param>
internal readonly record struct FileStatus(
    bool IsRegular,
    bool IsDirectory,
    uint Links,
    long LengthBytes,
    long TakenBytes,
    long WrittenAtNs,
    long ReadAtNs,
    ulong Device,
    ulong Inode)
{
    /// <summary>When anybody had to do with it last.</summary>
    public long UsedAtNs => Math.Max(WrittenAtNs, ReadAtNs);

    /// <summary>Whether two are of one file.</summary>
    public bool IsSameFile(FileStatus other) => Inode == other.Inode && Device == other.Device;
}
