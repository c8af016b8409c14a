namespace Slice.Core.Storage;

/// <summary>Why a cache directory cannot be used.</summary>
public enum CacheDirectoryCause
{
    /// <summary>The directory is not there, and cannot be made.</summary>
    CannotBeMade,

    /// <summary>There is a file in its place.</summary>
    NotADirectory,

    /// <summary>The directory, or a file of the cache in it, may not be written by this user.</summary>
    NoPermission,

    /// <summary>The file system is read-only, or is so for this process.</summary>
    ReadOnly,

    /// <summary>There is not the room for the least cache (<see cref="StoreLayout.LeastBytes"/>).</summary>
    NoRoom,

    /// <summary>Files lie in it that are not those of a cache.</summary>
    ForeignFiles,

    /// <summary>Another process uses it.</summary>
    InUse,

    /// <summary>The device fails, or something else that the message tells.</summary>
    Failing,
}
