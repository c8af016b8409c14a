using System.Runtime.InteropServices;

namespace Slice.Host.Machine;

/// <summary>
/// The system calls about file descriptors that the BCL does not offer: getrlimit(2), setrlimit(2), fcntl(2). Thread-safe.
/// </summary>
internal static partial class NativeDescriptors
{
    // RLIMIT_NOFILE of x64 and arm64.
    private const int MaxOpenFiles = 7;

    // fcntl.h, the same on both.
    private const int SetFlags = 2;
    private const int DuplicateCloseOnExec = 1030;

    /// <summary>Most file descriptors that the process may have now: the soft limit, at most <see cref="int.MaxValue"/>.</summary>
    public static int Limit => GetLimit(MaxOpenFiles, out var limits) == 0 ? ToInt32(limits.Soft) : int.MaxValue;

    /// <summary>
    /// Raises the soft limit to the hard one, which any process may do, and says what it is now. The soft one is 1,024 on most systems for
    /// programs that use select(2); nothing here does.
    /// </summary>
    public static int RaiseLimit()
    {
        if (GetLimit(MaxOpenFiles, out var limits) == 0 && limits.Soft < limits.Hard)
        {
            // A refusal (seccomp) leaves the limit as it was.
            _ = SetLimit(MaxOpenFiles, limits with { Soft = limits.Hard });
        }

        return Limit;
    }

    /// <summary>
    /// Another descriptor for what this one stands for: the lowest that is free, as the kernel always gives. The caller closes it; a
    /// program that is started does not get it.
    /// </summary>
    /// <returns>-1 when none is left.</returns>
    public static int Duplicate(SafeHandle descriptor) => Control(descriptor, DuplicateCloseOnExec, 0);

    /// <summary>Lets a program that this process starts have the descriptor too, under the same number.</summary>
    /// <returns>False when the kernel refuses.</returns>
    public static bool Bequeath(SafeHandle descriptor) => Control(descriptor, SetFlags, 0) == 0;

    /// <summary>Closes a descriptor of <see cref="Duplicate"/>.</summary>
    public static void Close(int descriptor) => _ = CloseDescriptor(descriptor);

    private static int ToInt32(nuint value) => value > int.MaxValue ? int.MaxValue : (int)value;

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out Limits limits);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, in Limits limits);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeHandle descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseDescriptor(int descriptor);

    // struct rlimit of a 64-bit system.
    [StructLayout(LayoutKind.Sequential)]
    private record struct Limits(nuint Soft, nuint Hard);
}
