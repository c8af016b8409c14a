using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>A directory and what a store may take of it.</summary>
/// <param name="Path">The directory.</param>
/// <param name="SliceBytes">Most bytes of slices.</param>
/// <param name="JournalBytes">Most bytes of the journal; <see cref="long.MaxValue"/> for as many as there are.</param>
/// <param name="MinRewriteBytes">See <see cref="IndexWriter.MinRewriteBytes"/>.</param>
internal sealed record DirectoryRoom(string Path, long SliceBytes, long JournalBytes, long MinRewriteBytes)
{
    /// <summary>So many bytes for slices and journal together.</summary>
    public static DirectoryRoom Of(string path, long capacityBytes) => new(
        path,
        capacityBytes - StoreLayout.JournalBytes(capacityBytes),
        StoreLayout.JournalBytes(capacityBytes),
        IndexWriter.DefaultMinRewriteBytes);
}
