namespace Slice.Host.Machine;

/// <summary>What a start wants to know of file systems. Nothing throws: what cannot be told is as if it were not there.</summary>
internal interface IDisks
{
    /// <summary>Whether a directory is there and this process may make files in it.</summary>
    bool MayWrite(string directory);

    /// <summary>Bytes that this process could still write to the file system of a directory.</summary>
    long FreeBytes(string directory);

    /// <summary>Bytes of the files of a cache in a directory; 0 without one.</summary>
    long UsedBytes(string directory);

    /// <summary>Directories of instances (<c>--port</c>) in a directory, by their whole path.</summary>
    IReadOnlyList<string> InstancesIn(string directory);
}
