using System.Globalization;

namespace Slice.Core.Storage;

/// <summary>Names and sizes of the store's files.</summary>
internal static class StoreLayout
{
    /// <summary>
    /// Largest segment. Large enough that a terabyte is a thousand files, small enough that offsets and lengths are <see cref="int"/>.
    /// </summary>
    public const int MaxSegmentBytes = 1 << 30;

    /// <summary>
    /// What the store takes of the disk at once: <c>du</c> tells what is used to within a step. Arbitrary; fallocate(2) of so much takes
    /// ext4 and xfs less than a millisecond.
    /// </summary>
    public const int StepBytes = 64 << 20;

    /// <summary>
    /// Room on the disk that the store leaves to its index and to others: it could not write down what it stores on a disk that it has
    /// filled itself. Arbitrary.
    /// </summary>
    public const int KeptFreeBytes = 64 << 20;

    /// <summary>
    /// The least that is worth a cache on a disk, beside <see cref="KeptFreeBytes"/>: four slices of the default size. A nearly full disk
    /// has a small cache then, which grows when there is room, instead of an instance that does not start. Arbitrary.
    /// </summary>
    public const int LeastBytes = 4 << 20;

    /// <summary>Held locked while a process uses the directory, for people and for file systems that cannot lock a directory.</summary>
    public const string LockFileName = "lock";

    /// <summary>What is stored where.</summary>
    public const string IndexFileName = "slices.index";

    /// <summary>The next index while it is being written.</summary>
    public const string NextIndexFileName = "slices.index.next";

    /// <summary>What was heard of other instances that share a tier; there only with such a tier.</summary>
    public const string SharedCacheFileName = "shared-cache";

    /// <summary>The same while it is being written.</summary>
    public const string NextSharedCacheFileName = "shared-cache.next";

    /// <summary>What the other instances have not been told yet; there only while their store is away.</summary>
    public const string UntoldNewsFileName = "shared-cache.untold";

    /// <summary>The same while it is being written.</summary>
    public const string NextUntoldNewsFileName = "shared-cache.untold.next";

    /// <summary>
    /// How the name of a directory begins that is the cache of one of several instances (<c>--port</c>); the port follows.
    /// </summary>
    public const string InstancePrefix = "port-";

    // Up to here a sixteenth of a store is for its journal: enough for a store full of objects of some 20 KB.
    private const long SmallStoreBytes = 16L << 30;

    private static readonly string[] s_sharedCacheFileNames =
        [SharedCacheFileName, NextSharedCacheFileName, UntoldNewsFileName, NextUntoldNewsFileName];

    private const string SegmentPrefix = "segment-";
    private const string SegmentSuffix = ".slices";

    /// <summary>File name of the n-th segment.</summary>
    public static string SegmentFileName(int index) => $"{SegmentPrefix}{index:D6}{SegmentSuffix}";

    /// <summary>The segment files in <paramref name="directory"/>, and nothing else that may lie there.</summary>
    public static string[] FindSegments(string directory) => Directory.GetFiles(directory, SegmentPrefix + "*" + SegmentSuffix);

    /// <summary>
    /// What stands in <paramref name="directory"/> under a name of ours, files or not; the name alone does not say that it is there.
    /// </summary>
    public static IEnumerable<string> FindOwnNames(string directory) =>
        Directory.EnumerateFileSystemEntries(directory, SegmentPrefix + "*" + SegmentSuffix)
            .Select(path => Path.GetFileName(path))
            .Concat([LockFileName, IndexFileName, NextIndexFileName, .. s_sharedCacheFileNames]);

    /// <summary>Whether a directory has the files of a cache, as far as their names tell.</summary>
    public static bool IsCache(string directory) =>
        File.Exists(Path.Combine(directory, IndexFileName)) || FindSegments(directory).Length > 0;

    /// <summary>
    /// The ports of the instances that have their caches below <paramref name="directory"/>, the lowest first; those that may not be looked
    /// at are left out. Empty where there is no such directory.
    /// </summary>
    public static int[] FindInstances(string directory) => !Directory.Exists(directory) ? [] :
    [
        .. Directory.EnumerateDirectories(directory, InstancePrefix + "*", new EnumerationOptions { IgnoreInaccessible = true })
            .Where(static path => File.Exists(Path.Combine(path, IndexFileName)))
            .Select(static path => int.TryParse(
                Path.GetFileName(path)[InstancePrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int port) ? port : 0)
            .Where(static port => port > 0)
            .Order(),
    ];

    /// <summary>
    /// Whether an entry of this name may stand in a directory that becomes a cache: ours, what file systems put everywhere (snapshots,
    /// files that are removed and open), and what keeps an empty directory in a repository. Other dot files are somebody's: a home may have
    /// nothing else.
    /// </summary>
    public static bool MayStandBeside(string name) =>
        s_sharedCacheFileNames.Contains(name)
        || name is LockFileName or NextIndexFileName
            or "lost+found" or "CACHEDIR.TAG" or ".keep" or ".gitkeep"
            or ".snapshot" or ".snapshots" or ".zfs" or ".glusterfs" or ".trashcan"
        || name.StartsWith(".nfs", StringComparison.Ordinal)
        || name.StartsWith(".fuse_hidden", StringComparison.Ordinal)
        || name.StartsWith(InstancePrefix, StringComparison.Ordinal);

    /// <summary>
    /// Bytes of a store on disk that are its journal's, in all files that it has at one time: a sixteenth of the first 16 GiB, and a 64th
    /// of the rest, as large caches are for large files. Arbitrary: slices of 1 MiB need a 20,000th, objects of 20 KB a 16th.
    /// </summary>
    /// <param name="storeBytes">Bytes of the store, with the journal.</param>
    public static long JournalBytes(long storeBytes) =>
        (Math.Min(storeBytes, SmallStoreBytes) / 16) + (Math.Max(0, storeBytes - SmallStoreBytes) / 64);

    /// <summary>
    /// Length of a segment's file after its next step; 0 when the store is full-grown. Steps end at multiples of their size, so that a
    /// file that a crash has left in between is in step again.
    /// </summary>
    /// <param name="fileBytes">Length now, 0 for a new one.</param>
    /// <param name="mappedBytes">What it may grow to.</param>
    /// <param name="usedBytes">Bytes of all segments now.</param>
    /// <param name="capacityBytes">Most bytes of all segments.</param>
    public static int NextFileBytes(int fileBytes, int mappedBytes, long usedBytes, long capacityBytes)
    {
        long nextBytes = Math.Min(((fileBytes / StepBytes) + 1L) * StepBytes, mappedBytes);
        nextBytes = Math.Min(nextBytes, fileBytes + capacityBytes - usedBytes);
        nextBytes -= nextBytes % ExtentAllocator.UnitBytes;
        return nextBytes > fileBytes ? (int)nextBytes : 0;
    }

    /// <summary>
    /// What the next segment may grow to in a store that holds <paramref name="usedBytes"/> of <paramref name="capacityBytes"/> in
    /// segments; 0 when it is full-grown.
    /// </summary>
    public static int NextSegmentBytes(long usedBytes, long capacityBytes)
    {
        long left = Math.Min(capacityBytes - usedBytes, MaxSegmentBytes);
        return left < ExtentAllocator.UnitBytes ? 0 : (int)(left - (left % ExtentAllocator.UnitBytes));
    }
}
