namespace Slice.Core.Storage;

/// <summary>What became of pages that were to be brought in.</summary>
internal enum PagesResult
{
    /// <summary>They are in memory for a while.</summary>
    Present,

    /// <summary>The file ends before them, or the device fails.</summary>
    Unreadable,

    /// <summary>The kernel cannot populate a mapping (before Linux 5.14), or has no memory for it: another way must be taken.</summary>
    Unsupported,
}
