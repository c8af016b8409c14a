using System.Runtime.InteropServices;
using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// What is wrong with a shared directory, in words for an operator. The numbers are those of Linux on x86 and ARM.
/// </summary>
internal static class FileTrouble
{
    /// <summary>EPERM: also what a file system without hard links says to link(2).</summary>
    public const int NotPermitted = 1;

    /// <summary>ENOENT.</summary>
    public const int NoEntry = 2;

    /// <summary>EINTR.</summary>
    public const int Interrupted = 4;

    /// <summary>EIO.</summary>
    public const int InputOutput = 5;

    /// <summary>ENXIO: a named pipe that nobody reads was opened for writing.</summary>
    public const int NoDevice = 6;

    /// <summary>EAGAIN: somebody holds a lease on the file.</summary>
    public const int Again = 11;

    /// <summary>EACCES.</summary>
    public const int AccessDenied = 13;

    /// <summary>EEXIST.</summary>
    public const int Exists = 17;

    /// <summary>ENOTDIR.</summary>
    public const int NotADirectory = 20;

    /// <summary>EISDIR.</summary>
    public const int IsADirectory = 21;

    /// <summary>ENOSPC.</summary>
    public const int NoSpace = 28;

    /// <summary>EROFS.</summary>
    public const int ReadOnly = 30;

    /// <summary>ENOTEMPTY.</summary>
    public const int NotEmpty = 39;

    /// <summary>ELOOP: a symbolic link where a file of ours stands.</summary>
    public const int SymbolicLink = 40;

    /// <summary>EOPNOTSUPP.</summary>
    public const int NotSupported = 95;

    /// <summary>ENOTCONN: the process behind a FUSE file system has died.</summary>
    public const int NotConnected = 107;

    /// <summary>ESTALE: the server of NFS does not know the file any more.</summary>
    public const int Stale = 116;

    /// <summary>EDQUOT.</summary>
    public const int Quota = 122;

    /// <summary>Whether there is nothing of ours at a name: neither trouble nor a value.</summary>
    public static bool MeansNothingThere(int error) =>
        error is NoEntry or NotADirectory or SymbolicLink or NoDevice or Again;

    /// <summary>The sentence for a number.</summary>
    /// <param name="root">Path of the shared directory.</param>
    /// <param name="error">What went wrong inside.</param>
    public static KeyValueStoreException Of(string root, FileErrorException error)
    {
        string why = error.Error switch
        {
            NoEntry => "it is not there; is its file system mounted?",
            InputOutput => "its file system reports an input/output error",
            AccessDenied or NotPermitted when error.Operation == "link" => "its file system permits no hard links, or not to this user",
            AccessDenied or NotPermitted => "this user may not",
            NotADirectory => "a file stands where a directory belongs",
            IsADirectory or NotEmpty or Exists => "something that is not ours stands there",
            NoSpace => "its file system is full",
            ReadOnly => "its file system is mounted read-only",
            NotSupported when error.Operation == "link" => "its file system has no hard links",
            NotConnected => "its file system has ended (FUSE)",
            Stale => "its server does not know the directory any more",
            Quota => "the quota of this user is used up",
            _ => $"{Marshal.GetPInvokeErrorMessage(error.Error)} (errno {error.Error})",
        };
        string name = error.Name.Length == 0 ? root : $"{root}/{error.Name}";
        return new KeyValueStoreException($"cannot {error.Operation} {name}: {why}", error);
    }
}
