using Microsoft.Win32.SafeHandles;
using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache.Files;

/// <summary>Values as files: reading them, and putting them in the place of others. Blocks. Thread-safe.</summary>
/// <param name="writer">Makes the files.</param>
internal sealed class ValueFiles(FileWriter writer)
{
    /// <summary>Longest value: a slice may be as long, and a record is far shorter.</summary>
    public const int MaxValueBytes = 64 << 20;

    // How exactly it is known when a value was used last: what a reader notes costs the server a write. Arbitrary.
    private const long MarkIntervalNs = 3600L * 1_000_000_000;

    /// <summary>Reads a value, or the beginning of one; null when there is none, and for whatever is no value.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="key">The key.</param>
    /// <param name="mostBytes">How much of it.</param>
    /// <exception cref="FileErrorException">The directory does not work.</exception>
    public static LeasedValue? Read(OpenDirectory directory, string key, int mostBytes)
    {
        string name = DirectoryLayout.ValueOf(key);
        if (!TryOpen(directory, name, isForWriting: false, out var file, out var status))
        {
            return null;
        }

        using (file)
        {
            PooledBytes? bytes = null;
            try
            {
                bytes = Read(file!, name, Math.Min(status.LengthBytes, ValueHeader.Bytes + (long)mostBytes));
                long nowNs = directory.NowNs();
                if (bytes is null || !IsLive(bytes.Memory.Span, status, key, nowNs, out var remaining))
                {
                    return null;
                }

                if (nowNs - status.UsedAtNs > MarkIntervalNs)
                {
                    // What is not noted makes the value look older than it is.
                    _ = NativeFiles.SetReadTime(file!, FileStatus.NoteFor(nowNs));
                }

                var value = new LeasedValue(bytes.Memory[ValueHeader.Bytes..], remaining, bytes);
                bytes = null;
                return value;
            }
            finally
            {
                bytes?.Dispose();
            }
        }
    }

    /// <summary>Puts a file of a header and its value under the name of a key, in place of any other.</summary>
    /// <exception cref="FileErrorException">Nothing has changed.</exception>
    public void Set(OpenDirectory directory, string key, ReadOnlySpan<byte> file)
    {
        string name = DirectoryLayout.ValueOf(key);
        writer.Rename(directory, writer.Write(directory, name, file), name);
    }

    /// <summary>
    /// Puts a file of a header and its value under the name of a key where no live value stands: link(2) succeeds for one of several
    /// callers, over NFS too. One whose lifetime is over is replaced under a lock, so that nobody who has looked too early puts away the
    /// value of somebody who was faster.
    /// </summary>
    public bool TryAdd(OpenDirectory directory, string key, ReadOnlySpan<byte> file)
    {
        string name = DirectoryLayout.ValueOf(key);
        string temporary = writer.Write(directory, name, file);
        try
        {
            using var keyLock = new KeyLock(directory, key);
            while (true)
            {
                int error = NativeFiles.Link(directory.Root, temporary, name);
                if (error == 0 || (error == FileTrouble.Exists && IsLinked(directory, temporary)))
                {
                    writer.FlushNames(directory, DirectoryLayout.ParentOf(name));
                    return true;
                }

                OpenDirectory.Check("link", name, error == FileTrouble.Exists ? 0 : error);
                if (StateOf(directory, key) == ValueState.Live)
                {
                    return false;
                }

                if (!keyLock.TryTake())
                {
                    // Somebody else is about to add, or was when he died.
                    return false;
                }

                // Nobody else replaces what is dead now; only Set and Remove may have been here.
                switch (StateOf(directory, key))
                {
                    case ValueState.Live:
                        return false;
                    case ValueState.Dead:
                        OpenDirectory.Check("write", name, NativeFiles.Rename(directory.Root, temporary, name));
                        writer.FlushNames(directory, DirectoryLayout.ParentOf(name));
                        return true;
                }
            }
        }
        finally
        {
            _ = NativeFiles.Remove(directory.Root, temporary);
        }
    }

    /// <summary>
    /// Gives the value of a key a new lifetime, when it is still this value. The header of the very file that was compared is written
    /// anew, so that another value which takes its name meanwhile is left alone; the answer is false then.
    /// </summary>
    /// <remarks>
    /// Under the lock of the key, so that nobody replaces the value as dead meanwhile. Only <see cref="Set"/> and <see cref="Remove"/> ask
    /// for no lock: what they do after the last look and before the answer may look to the caller as if it came after the answer.
    /// </remarks>
    public bool TryRenew(OpenDirectory directory, string key, ReadOnlySpan<byte> file)
    {
        string name = DirectoryLayout.ValueOf(key);
        using var keyLock = new KeyLock(directory, key);
        if (StateOf(directory, key) != ValueState.Live
            || !keyLock.TryTake()
            || !TryOpen(directory, name, isForWriting: true, out var opened, out var status))
        {
            return false;
        }

        bool isSame;
        int error = 0;
        using (var bytes = Read(opened!, name, status.LengthBytes))
        {
            isSame = bytes is not null
                && IsLive(bytes.Memory.Span, status, key, directory.NowNs(), out _)
                && bytes.Memory.Span[ValueHeader.Bytes..].SequenceEqual(file[ValueHeader.Bytes..]);
        }

        if (isSame)
        {
            error = NativeFiles.Write(opened!, file[..ValueHeader.Bytes], 0);
        }

        error = writer.FlushedAndClosed(opened!, error);
        OpenDirectory.Check("write", name, error);
        return isSame && NativeFiles.Status(directory.Root, name, out var now) == 0 && now.IsSameFile(status);
    }

    /// <summary>Takes the value of a key away.</summary>
    public static void Remove(OpenDirectory directory, string key)
    {
        string name = DirectoryLayout.ValueOf(key);
        int error = NativeFiles.Remove(directory.Root, name);
        OpenDirectory.Check("remove", name, FileTrouble.MeansNothingThere(error) ? 0 : error);
    }

    /// <summary>Takes a value away when its lifetime is over, or when it is none.</summary>
    /// <returns>Whether it is gone.</returns>
    public static bool RemoveDead(OpenDirectory directory, string key)
    {
        using var keyLock = new KeyLock(directory, key);
        return keyLock.TryTake()
            && StateOf(directory, key) == ValueState.Dead
            && NativeFiles.Remove(directory.Root, DirectoryLayout.ValueOf(key)) == 0;
    }

    /// <summary>What there is at the name of a value.</summary>
    public static ValueState StateOf(OpenDirectory directory, string key)
    {
        string name = DirectoryLayout.ValueOf(key);
        int error = NativeFiles.Open(directory.Root, name, isForWriting: false, out var file);
        if (error == FileTrouble.NoEntry)
        {
            return ValueState.Missing;
        }

        if (FileTrouble.MeansNothingThere(error))
        {
            return ValueState.Dead;
        }

        OpenDirectory.Check("open", name, error);
        using (file)
        {
            Span<byte> header = stackalloc byte[ValueHeader.Bytes];
            OpenDirectory.Check("look at", name, NativeFiles.Status(file!, out var status));
            if (!IsPossible(status))
            {
                return ValueState.Dead;
            }

            OpenDirectory.Check("read", name, NativeFiles.Read(file!, header, 0, out int read));
            return IsLive(header[..read], status, key, directory.NowNs(), out _) ? ValueState.Live : ValueState.Dead;
        }
    }

    private static bool TryOpen(
        OpenDirectory directory, string name, bool isForWriting, out SafeFileHandle? file, out FileStatus status)
    {
        status = default;
        int error = NativeFiles.Open(directory.Root, name, isForWriting, out file);
        if (FileTrouble.MeansNothingThere(error) || error == FileTrouble.IsADirectory)
        {
            return false;
        }

        OpenDirectory.Check("open", name, error);
        error = NativeFiles.Status(file!, out status);
        if (error == 0 && IsPossible(status))
        {
            return true;
        }

        file!.Dispose();
        OpenDirectory.Check("look at", name, error);
        return false;
    }

    // Null when it became shorter since.
    private static PooledBytes? Read(SafeFileHandle file, string name, long lengthBytes)
    {
        var bytes = new PooledBytes((int)lengthBytes);
        int error = NativeFiles.Read(file, bytes.Memory.Span, 0, out int read);
        if (error == 0 && read == bytes.Memory.Length)
        {
            return bytes;
        }

        bytes.Dispose();
        OpenDirectory.Check("read", name, error);
        return null;
    }

    private static bool IsPossible(FileStatus status) =>
        status.IsRegular && status.LengthBytes is >= ValueHeader.Bytes and <= ValueHeader.Bytes + MaxValueBytes;

    private static bool IsLive(ReadOnlySpan<byte> bytes, FileStatus status, string key, long nowNs, out TimeSpan remaining)
    {
        remaining = default;
        if (!ValueHeader.TryRead(bytes, out var header)
            || header.KeyHash != ValueHeader.HashOf(key)
            || header.LengthBytes != status.LengthBytes - ValueHeader.Bytes)
        {
            return false;
        }

        remaining = header.Remaining(status.WrittenAtNs, nowNs);
        return remaining > TimeSpan.Zero;
    }

    // An answer of NFS that was lost is asked for again, and the second one says that the link exists: it does, and is ours.
    private static bool IsLinked(OpenDirectory directory, string temporary) =>
        NativeFiles.Status(directory.Root, temporary, out var status) == 0 && status.Links > 1;
}
