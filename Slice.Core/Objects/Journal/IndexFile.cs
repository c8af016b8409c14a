using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;
using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// The file of an index: a header, then frames of records, only ever appended. One writer; not thread-safe.
/// </summary>
/// <remarks>
/// <para>Header, 32 bytes, little-endian like everything in it: "PSLICEIX", version (4), zero (4), a random number (8), checksum of these
/// (8).</para>
/// <para>
/// Frame: length of its payload (4), checksum of the payload (8), payload. Checksums are XxHash3 seeded with the header's random number, so
/// that what an earlier file left in the same blocks of the disk never passes for a frame of this one. Whatever follows the last frame that
/// is whole, the end of a write that a crash cut off for instance, is not read and is written over.
/// </para>
/// </remarks>
internal sealed class IndexFile : IDisposable
{
    /// <summary>Version of the format of frames and records. A file of another version is not read.</summary>
    public const int Version = 1;

    /// <summary>
    /// Longest payload that is read. Far above what is written at once; bounds what a damaged length can make us allocate.
    /// </summary>
    public const int MaxPayloadBytes = 64 << 20;

    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 12;

    private readonly SafeFileHandle _file;
    private readonly long _seed;
    private string _path;

    private IndexFile(SafeFileHandle file, string path, long seed, long lengthBytes)
    {
        _file = file;
        _path = path;
        _seed = seed;
        LengthBytes = lengthBytes;
    }

    private static ReadOnlySpan<byte> Magic => "PSLICEIX"u8;

    /// <summary>Bytes up to the end of the last frame.</summary>
    public long LengthBytes { get; private set; }

    /// <summary>Whether it still stands where it was made.</summary>
    public bool IsInPlace => NativeMemory.IsLinked(_file, _path);

    /// <summary>Bytes of a frame with so many of payload.</summary>
    public static long FrameBytes(int payloadBytes) => FrameHeaderBytes + (long)payloadBytes;

    /// <summary>Removes a file; one that cannot be removed stays, and is written over by the next.</summary>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>Creates an empty file in the place of another that may be there.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public static IndexFile Create(string path)
    {
        File.Delete(path);
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            long seed = Random.Shared.NextInt64();
            Span<byte> header = stackalloc byte[HeaderBytes];
            header.Clear();
            Magic.CopyTo(header);
            BinaryPrimitives.WriteInt32LittleEndian(header[8..], Version);
            BinaryPrimitives.WriteInt64LittleEndian(header[16..], seed);
            BinaryPrimitives.WriteUInt64LittleEndian(header[24..], XxHash3.HashToUInt64(header[..24]));
            RandomAccess.Write(file, header, 0);
            return new IndexFile(file, path, seed, HeaderBytes);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file to append to it; <paramref name="contents"/> is what <see cref="Read"/> found there.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public static IndexFile OpenToAppend(string path, IndexFileContents contents)
    {
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            // What a crash left behind the last whole frame must not look like one of ours later.
            RandomAccess.SetLength(file, contents.LengthBytes);
            return new IndexFile(file, path, contents.Seed, contents.LengthBytes);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Reads a file from its beginning, handing the payload of each whole frame to <paramref name="payloadRead"/>. The file may be written
    /// meanwhile: then what was whole is read.
    /// </summary>
    /// <exception cref="IOException">The device fails.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public static IndexFileContents Read(string path, Action<ReadOnlyMemory<byte>> payloadRead)
    {
        var contents = ReadHeader(path);
        if (contents.State != IndexFileState.Usable)
        {
            return contents;
        }

        using var file = File.OpenHandle(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        long fileBytes = RandomAccess.GetLength(file);
        long position = HeaderBytes;
        byte[] payload = [];
        while (TryReadFrame(file, contents.Seed, fileBytes, ref position, ref payload, out int length))
        {
            payloadRead(payload.AsMemory(0, length));
        }

        return contents with { LengthBytes = position, TornBytes = fileBytes - position };
    }

    /// <summary>Says what kind of file stands at a path.</summary>
    /// <exception cref="IOException">The device fails.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public static IndexFileContents ReadHeader(string path)
    {
        if (!File.Exists(path))
        {
            return new IndexFileContents(IndexFileState.Absent);
        }

        if (FileIdentity.StrangerAt(path) is not null)
        {
            // Opening a named pipe would wait for whoever writes to it.
            return new IndexFileContents(IndexFileState.Foreign);
        }

        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> header = stackalloc byte[HeaderBytes];
        int headerBytes = ReadFully(file, header, 0);
        if (headerBytes < HeaderBytes || !header.StartsWith(Magic))
        {
            return new IndexFileContents(MayBeOurs(header[..headerBytes]) ? IndexFileState.Damaged : IndexFileState.Foreign);
        }

        int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        if (version != Version)
        {
            return new IndexFileContents(IndexFileState.OtherVersion) { Version = version };
        }

        if (BinaryPrimitives.ReadUInt64LittleEndian(header[24..]) != XxHash3.HashToUInt64(header[..24]))
        {
            return new IndexFileContents(IndexFileState.Damaged);
        }

        long seed = BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
        return new IndexFileContents(IndexFileState.Usable) { Version = version, Seed = seed, LengthBytes = HeaderBytes };
    }

    // A power cut leaves zeros or nothing where the kernel had not written yet, a bad disk some wrong bits; a text, a database or an
    // archive begins otherwise. Half of the magic is arbitrary.
    private static bool MayBeOurs(ReadOnlySpan<byte> header)
    {
        var magic = header[..Math.Min(header.Length, Magic.Length)];
        int equal = 0;
        for (int i = 0; i < magic.Length; i++)
        {
            equal += magic[i] == Magic[i] ? 1 : 0;
        }

        return !header.ContainsAnyExcept((byte)0) || 2 * equal >= magic.Length;
    }

    /// <summary>Appends a frame. After an exception the file ends where it ended before.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The disk may not be written any more.</exception>
    public void Append(ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[FrameHeaderBytes];
        BinaryPrimitives.WriteInt32LittleEndian(header, payload.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(header[4..], XxHash3.HashToUInt64(payload, _seed));

        // The payload first: a frame exists from the moment its header does.
        RandomAccess.Write(_file, payload, LengthBytes + FrameHeaderBytes);
        RandomAccess.Write(_file, header, LengthBytes);
        LengthBytes += FrameHeaderBytes + payload.Length;
    }

    /// <summary>Takes the place of the file at <paramref name="path"/>, at once for everybody who opens it.</summary>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public void MoveTo(string path)
    {
        File.Move(_path, path, overwrite: true);
        _path = path;
    }

    /// <summary>Waits until the device has it.</summary>
    /// <exception cref="IOException">The device fails.</exception>
    public void FlushToDisk() => RandomAccess.FlushToDisk(_file);

    /// <summary>Closes it and removes it, if it still stands where it was made.</summary>
    public void Discard()
    {
        if (IsInPlace)
        {
            TryDelete(_path);
        }

        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static bool TryReadFrame(SafeFileHandle file, long seed, long fileBytes, ref long position, ref byte[] payload, out int length)
    {
        length = 0;
        Span<byte> header = stackalloc byte[FrameHeaderBytes];
        if (fileBytes - position < FrameHeaderBytes || ReadFully(file, header, position) < FrameHeaderBytes)
        {
            return false;
        }

        length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length is <= 0 or > MaxPayloadBytes || length > fileBytes - position - FrameHeaderBytes)
        {
            return false;
        }

        if (payload.Length < length)
        {
            payload = new byte[Math.Max(length, 1 << 20)];
        }

        var bytes = payload.AsSpan(0, length);
        if (ReadFully(file, bytes, position + FrameHeaderBytes) < length
            || XxHash3.HashToUInt64(bytes, seed) != BinaryPrimitives.ReadUInt64LittleEndian(header[4..]))
        {
            return false;
        }

        position += FrameHeaderBytes + length;
        return true;
    }

    private static int ReadFully(SafeFileHandle file, Span<byte> destination, long position)
    {
        int total = 0;
        while (total < destination.Length)
        {
            int read = RandomAccess.Read(file, destination[total..], position + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }
}
