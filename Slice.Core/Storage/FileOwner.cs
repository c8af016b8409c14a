using System.Globalization;
using System.Runtime.InteropServices;

namespace Slice.Core.Storage;

/// <summary>Whose a file is, for messages to operators.</summary>
internal static partial class FileOwner
{
    private const int WorkingDirectory = -100;
    private const uint AskForOwnerAndInode = 0x0008 | 0x0100;

    // linux/stat.h; see FileState.
    private const int StatxBytes = 256;
    private const int OwnerAt = 20;
    private const int InodeAt = 32;

    /// <summary>The name of the user that this process runs as; the number when it has none.</summary>
    public static string Own => NameOf(EffectiveUser());

    /// <summary>The user whose file it is, when that is another than this process's; null otherwise, and when it cannot be told.</summary>
    public static string? OtherOf(string path) =>
        TryAsk(path, out uint owner, out _) && owner != EffectiveUser() ? NameOf(owner) : null;

    /// <summary>The number by which the file system knows a file; 0 when it cannot be told.</summary>
    public static ulong InodeOf(string path) => TryAsk(path, out _, out ulong inode) ? inode : 0;

    // Users of other sources than this file keep their number, which chown(1) takes too.
    private static string NameOf(uint user)
    {
        string number = user.ToString(CultureInfo.InvariantCulture);
        try
        {
            foreach (string line in File.ReadLines("/etc/passwd"))
            {
                string[] parts = line.Split(':');
                if (parts.Length > 2 && parts[2] == number)
                {
                    return parts[0];
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The number will do.
        }

        return number;
    }

    private static unsafe bool TryAsk(string path, out uint owner, out ulong inode)
    {
        Span<byte> state = stackalloc byte[StatxBytes];
        fixed (byte* first = state)
        {
            bool isKnown = Statx(WorkingDirectory, path, 0, AskForOwnerAndInode, first) == 0;
            owner = isKnown ? MemoryMarshal.Read<uint>(state[OwnerAt..]) : 0;
            inode = isKnown ? MemoryMarshal.Read<ulong>(state[InodeAt..]) : 0;
            return isKnown;
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int directory, string path, int flags, uint mask, byte* state);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
