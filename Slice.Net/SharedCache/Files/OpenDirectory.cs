using System.IO.Enumeration;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// A shared directory that this instance has open, and which is ours. Everything inside is reached through the descriptor: when the file
/// system is unmounted, nothing is written into the empty directory that comes to light beneath. Thread-safe.
/// </summary>
internal sealed class OpenDirectory
{
    private readonly FileStatus _identity;
    private readonly string _path;
    private readonly ServerClock _clock;

    private OpenDirectory(string path, SafeFileHandle root, FileStatus identity, ServerClock clock)
    {
        _path = path;
        _clock = clock;
        Root = root;
        _identity = identity;
    }

    /// <summary>The directory.</summary>
    public SafeFileHandle Root { get; }

    /// <summary>Opens one, and lays it out when it is empty.</summary>
    /// <param name="path">Its path. It is not made: a file system that is not mounted would become one on the local disk.</param>
    /// <param name="instance">Which instance this is.</param>
    /// <param name="time">What goes on between two looks at its server's clock.</param>
    /// <param name="laysOut">Whether an empty one is laid out, by whoever is to own it; else it is none.</param>
    /// <exception cref="KeyValueStoreException">It holds what is not ours.</exception>
    /// <exception cref="FileErrorException">It cannot be used.</exception>
    public static OpenDirectory Open(string path, string instance, TimeProvider time, bool laysOut = true)
    {
        var directory = OpenRoot(path, new ServerClock(time, $"{DirectoryLayout.Instances}/{instance}"));
        if (!directory.IsMarked())
        {
            if (!laysOut)
            {
                directory.Root.Dispose();
                throw new KeyValueStoreException($"{path} is not a shared cache yet: no instance has used it");
            }

            directory.Mark(instance);
        }

        directory.Make(DirectoryLayout.Instances);
        directory.Make(DirectoryLayout.Values);
        return directory;
    }

    /// <summary>Opens one for who looks whether it could be used: it is ours, or empty. Nothing is made in it.</summary>
    /// <param name="path">Its path.</param>
    /// <exception cref="KeyValueStoreException">It holds what is not ours.</exception>
    /// <exception cref="FileErrorException">It cannot be used.</exception>
    public static OpenDirectory Look(string path)
    {
        var directory = OpenRoot(path, new ServerClock(TimeProvider.System, ""));
        try
        {
            _ = directory.IsMarked() || directory.IsToBeMarked();
            return directory;
        }
        catch
        {
            directory.Root.Dispose();
            throw;
        }
    }

    /// <summary>Bytes that this user may still write to its file system; null when it does not tell.</summary>
    public long? AvailableBytes()
    {
        bool isHeld = false;
        try
        {
            Root.DangerousAddRef(ref isHeld);
            return new DriveInfo($"/proc/self/fd/{Root.DangerousGetHandle()}").AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        finally
        {
            if (isHeld)
            {
                Root.DangerousRelease();
            }
        }
    }

    /// <summary>Now, by the server's clock: see <see cref="ServerClock"/>.</summary>
    /// <exception cref="FileErrorException">Nobody can tell.</exception>
    public long NowNs() => _clock.NowNs(Root);

    /// <summary>Whether the path still leads here; also when nobody can tell.</summary>
    public bool IsStillThere() => NativeFiles.StatusOf(_path, out var found) != 0 || found.IsSameFile(_identity);

    /// <summary>Makes a directory inside, when it is missing.</summary>
    public void Make(string name)
    {
        int error = NativeFiles.MakeDirectory(Root, name);
        Check("make", name, error == FileTrouble.Exists ? 0 : error);
    }

    /// <summary>The names in a directory inside; none when it is missing.</summary>
    /// <exception cref="FileErrorException">It cannot be listed.</exception>
    public IReadOnlyList<string> NamesIn(string name)
    {
        bool isHeld = false;
        try
        {
            Root.DangerousAddRef(ref isHeld);
            return [.. new FileSystemEnumerable<string>(
                $"/proc/self/fd/{Root.DangerousGetHandle()}/{name}",
                static (ref entry) => entry.FileName.ToString(),
                new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false })];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            throw new FileErrorException("list", name, FileTrouble.AccessDenied);
        }
        catch (IOException error)
        {
            throw new FileErrorException("list", name, error.HResult);
        }
        finally
        {
            if (isHeld)
            {
                Root.DangerousRelease();
            }
        }
    }

    /// <summary>Throws for a number that is not 0.</summary>
    public static void Check(string operation, string name, int error)
    {
        if (error != 0)
        {
            throw new FileErrorException(operation, name, error);
        }
    }

    private static OpenDirectory OpenRoot(string path, ServerClock clock)
    {
        Check("open", "", NativeFiles.OpenRoot(path, out var root));
        Check("look at", "", NativeFiles.Status(root!, "", out var identity));
        return identity.IsDirectory
            ? new OpenDirectory(path, root!, identity, clock)
            : throw new FileErrorException("open", "", FileTrouble.NotADirectory);
    }

    private bool IsMarked()
    {
        int error = NativeFiles.Open(Root, DirectoryLayout.Marker, isForWriting: false, out var file);
        if (error == FileTrouble.NoEntry)
        {
            return false;
        }

        Check("open", DirectoryLayout.Marker, error);
        using (file)
        {
            Span<byte> text = stackalloc byte[DirectoryLayout.MarkerText.Length + 1];
            Check("read", DirectoryLayout.Marker, NativeFiles.Read(file!, text, 0, out int read));
            return text[..read].SequenceEqual(Encoding.ASCII.GetBytes(DirectoryLayout.MarkerText))
                ? true
                : throw new KeyValueStoreException(
                    $"{_path} is no shared cache of this version: {DirectoryLayout.Marker} in it says something else; give each version "
                    + "a directory of its own");
        }
    }

    // Several instances may find an empty directory at once: what another one has made meanwhile is beside its mark.
    private bool IsToBeMarked() =>
        NamesIn("").FirstOrDefault(IsSomebodys) is not { } found
        || (IsMarked()
            ? false
            : throw new KeyValueStoreException(
                $"{_path} is not empty ({found}) and no shared cache, and whatever is old in a shared cache is removed: name an empty "
                + "directory"));

    private void Mark(string instance)
    {
        if (!IsToBeMarked())
        {
            return;
        }

        string temporary = DirectoryLayout.TemporaryFor(DirectoryLayout.Marker, instance, 0);
        Check("make", temporary, NativeFiles.CreateNew(Root, temporary, out var file));
        int error = NativeFiles.Write(file!, Encoding.ASCII.GetBytes(DirectoryLayout.MarkerText), 0);
        int closing = NativeFiles.Close(file!);
        error = error != 0 ? error : closing;
        error = error != 0 ? error : NativeFiles.Rename(Root, temporary, DirectoryLayout.Marker);
        if (error != 0)
        {
            _ = NativeFiles.Remove(Root, temporary);
        }

        Check("write", DirectoryLayout.Marker, error);
    }

    // Roots of file systems have names of their own: lost+found, .snapshot, .trashcan.
    private static bool IsSomebodys(string name) => name[0] != '.' && name != "lost+found";
}
