namespace Slice.Core.Objects.Journal;

/// <summary>What kind of file stands at the path of an index.</summary>
internal enum IndexFileState
{
    /// <summary>None.</summary>
    Absent,

    /// <summary>One of ours, of the version that we write.</summary>
    Usable,

    /// <summary>One of ours, of another version.</summary>
    OtherVersion,

    /// <summary>One of ours, with a header that cannot be read.</summary>
    Damaged,

    /// <summary>Not one of ours.</summary>
    Foreign,
}

/// <summary>What <see cref="IndexFile.Read"/> found.</summary>
/// <param name="State">What kind of file it is.</param>
internal readonly record struct IndexFileContents(IndexFileState State)
{
    /// <summary>Version of its format, when it is one of ours.</summary>
    public int Version { get; init; }

    /// <summary>The random number of its header.</summary>
    public long Seed { get; init; }

    /// <summary>Bytes up to the end of the last whole frame.</summary>
    public long LengthBytes { get; init; }

    /// <summary>Bytes behind it that are no whole frame.</summary>
    public long TornBytes { get; init; }
}
