using System.Runtime.InteropServices;

namespace Slice.Tests.Support;

/// <summary>
/// The product in a directory of its own, where every user may run it: the tests' own may lie in somebody's home, and what lies next to
/// the binary is part of what an operator configures.
/// </summary>
internal sealed partial class ProductCopy
{
    // Of nobody, on Debian and others; any that owns nothing will do.
    private const int OtherUser = 65_534;

    /// <summary>Copies the product into <paramref name="directory"/>.</summary>
    public ProductCopy(string directory)
    {
        string[] command = [.. ProductProcess.Command];
        string source = command[^1];
        string[] files = command.Length == 1
            ? [source]
            : [.. Directory.GetFiles(Path.GetDirectoryName(source)!).Where(file => file.EndsWith(".dll", StringComparison.Ordinal)
                || Path.GetFileName(file).StartsWith("pingora-slice.", StringComparison.Ordinal))];
        foreach (string file in files)
        {
            File.Copy(file, Path.Combine(directory, Path.GetFileName(file)));
        }

        command[^1] = Path.Combine(directory, Path.GetFileName(source));
        Command = command;
    }

    /// <summary>Program and leading arguments of the copy.</summary>
    public IReadOnlyList<string> Command { get; }

    /// <summary>Whether this process may do everything.</summary>
    public static bool IsRoot => EffectiveUser() == 0;

    /// <summary>The same for a user without rights: another one, or this one where that has none.</summary>
    public IReadOnlyList<string> Unprivileged => IsRoot
        ? ["setpriv", $"--reuid={OtherUser}", $"--regid={OtherUser}", "--clear-groups", .. Command]
        : Command;

    /// <summary>Gives a file or directory to the user of <see cref="Unprivileged"/>.</summary>
    public static void GiveAway(string path)
    {
        if (IsRoot)
        {
            Assert.Equal(0, Chown(path, OtherUser, OtherUser));
        }
    }

    /// <summary>Sets who may do what with a file or directory.</summary>
    public static void Restrict(string path, UnixFileMode mode) => Assert.Equal(0, Chmod(path, (int)mode));

    /// <summary>Runs a command to its end: exit code and all lines.</summary>
    public static async Task<(int ExitCode, IReadOnlyList<string> Lines)> RunAsync(
        string workingDirectory, IReadOnlyList<string> command, params string[] arguments)
    {
        using var process = ChildProcess.Start(
            command[0], [.. command.Skip(1), .. arguments], $"{command[0]} is part of util-linux.", workingDirectory);
        int exitCode = await process.ExitedAsync();
        return (exitCode, process.Lines);
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chown(string path, int user, int group);

    [LibraryImport("libc", EntryPoint = "chmod", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chmod(string path, int mode);
}
