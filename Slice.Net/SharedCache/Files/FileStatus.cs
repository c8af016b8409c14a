namespace Slice.Net.SharedCache.Files;

/// <summary>What statx(2) tells about a file. Times are nanoseconds since 1970 by the clock of the file's server.</summary>
/// <param name="IsRegular">Neither directory, pipe, device nor link.</param>
/// <param name="IsDirectory">A directory.</param>
/// <param name="Links">Names that it has.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="TakenBytes">What it takes of the disk: blocks, or the length where that is more.</param>
/// <param name="WrittenAtNs">When bytes of it were written last (st_mtime).</param>
/// <param name="ReadAtNs">When it was read last, as far as anybody keeps account (st_atime): see <see cref="UsedAtNs"/>.</param>
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
    // Within a second, at a place where a file system that counts tenths of a millisecond has one too. Arbitrary.
    private const long NoteNs = 424_200_000;
    private const long NsPerSecond = 1_000_000_000;

    /// <summary>
    /// When it was written, or read by somebody who has noted it. Whether the file system notes reading depends on how it is mounted
    /// (strictatime, relatime, noatime), and it does not tell a reader from a janitor: only a note of ours counts.
    /// </summary>
    public long UsedAtNs => ReadAtNs % NsPerSecond == NoteNs ? Math.Max(WrittenAtNs, ReadAtNs) : WrittenAtNs;

    /// <summary>The time that notes reading at a given one.</summary>
    public static long NoteFor(long nowNs) => (nowNs / NsPerSecond * NsPerSecond) + NoteNs;

    /// <summary>Whether two are of one file.</summary>
    public bool IsSameFile(FileStatus other) => Inode == other.Inode && Device == other.Device;
}
