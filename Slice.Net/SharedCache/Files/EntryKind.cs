namespace Slice.Net.SharedCache.Files;

/// <summary>What a name in a directory of values is of.</summary>
internal enum EntryKind
{
    /// <summary>Not ours; it is left alone. NFS keeps removed files that are open as such (<c>.nfs…</c>).</summary>
    Foreign,

    /// <summary>A value.</summary>
    Value,

    /// <summary>Held while a value whose lifetime is over is replaced.</summary>
    Lock,

    /// <summary>The numbers of a counter.</summary>
    Counter,

    /// <summary>Something that is going to have another name, or was when its instance ended.</summary>
    Temporary,
}
