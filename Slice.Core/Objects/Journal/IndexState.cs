namespace Slice.Core.Objects.Journal;

/// <summary>
/// What the index on disk knows of a generation: the journal's note on it (<see cref="Storage.ISliceTenant.JournalNote"/>).
/// </summary>
internal enum IndexState : byte
{
    /// <summary>Nothing yet.</summary>
    Unknown,

    /// <summary>It is there, and so are its changes.</summary>
    Written,

    /// <summary>It has ended.</summary>
    Ended,
}
