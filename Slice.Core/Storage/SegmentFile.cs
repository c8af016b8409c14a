using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Slice.Core.Storage;

/// <summary>
/// One file of the store: written with pwrite(2), read through a read-only shared mapping. Writes never go through the mapping, so
/// a full disk is an error code and a stray pointer cannot corrupt the cache.
/// </summary>
/// <remarks>
/// Our own code never reads the mapped bytes, only the kernel does (send(2) answers EFAULT where a load would be SIGBUS when the
/// file was cut short or the disk fails). <see cref="GetSpan"/> therefore serves only to hand an address to the kernel.
/// Thread-safe. The mapping lives as long as the store: a lease's memory is valid until the lease is given back.
/// </remarks>
internal sealed unsafe class SegmentFile : MemoryManager<byte>
{
    private const int ReadBytes = 256 << 10;

    private readonly SafeFileHandle _file;
    private readonly string? _path;
    private readonly SegmentWatch? _watch;
    private nint _address;

    private SegmentFile(SliceStore store, int index, SafeFileHandle file, int lengthBytes, int fileBytes, string? path)
    {
        Store = store;
        Index = index;
        _file = file;
        _path = path;
        LengthBytes = lengthBytes;
        FileBytes = fileBytes;
        LeaseTracker = store?.LeaseTracker;
        Extents = new ExtentAllocator(lengthBytes, fileBytes);
        if (path is not null)
        {
            _watch = new SegmentWatch(file, path, fileBytes, store?.Time ?? TimeProvider.System);
        }

        // Also what the file has not grown to yet. Nobody has an extent there, so no page of it is touched before there is a file behind.

        _address = NativeMemory.MapReadOnly(file, lengthBytes);
    }

    /// <summary>The store that it is a part of.</summary>
    public SliceStore Store { get; }

    /// <summary>The store's, if it has one; here because every lease looks for it.</summary>
    public LeaseTracker? LeaseTracker { get; }

    /// <summary>Its number in the store.</summary>
    public int Index { get; }

    /// <summary>Whether it is the store's overflow (<see cref="SliceOverflow"/>).</summary>
    public bool IsTransient { get; private init; }

    /// <summary>Length of the mapping: what the file grows to.</summary>
    public int LengthBytes { get; }

    /// <summary>Length of the file so far.</summary>
    public int FileBytes { get; private set; }

    /// <summary>Whether the file can grow.</summary>
    public bool CanGrow => FileBytes < LengthBytes && !WasCutShort;

    /// <summary>Whether it is a file of the cache directory, which outlives the process.</summary>
    public bool IsOnDisk => _path is not null;

    /// <summary>
    /// Whether somebody made the file shorter. Nothing is written to it any more: a write would make it longer again, and what had been
    /// cut off would read as zeros instead of as an error.
    /// </summary>
    public bool WasCutShort => _watch is { WasCutShort: true };

    /// <summary>Notices what others do to the file; null without one.</summary>
    internal SegmentWatch? Watch => _watch;

    /// <summary>The epoch of its bytes (<see cref="SegmentWatch.Epoch"/>); always 1 without a file.</summary>
    public int Epoch => _watch?.Epoch ?? 1;

    /// <summary>What of the file is free. Used under the store's lock only.</summary>
    public ExtentAllocator Extents { get; }

    /// <summary>Whether nothing new goes into it, because the store has begun anew without it. Used under the store's lock only.</summary>
    public bool IsAbandoned { get; set; }

    /// <summary>A segment without a file: anonymous memory behind a descriptor.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static SegmentFile CreateInMemory(SliceStore store, int index, int lengthBytes) =>
        CreateInMemory(store, index, lengthBytes, isTransient: false);

    /// <summary>The segment of an overflow, in memory.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static SegmentFile CreateTransient(SliceStore store, int lengthBytes) =>
        CreateInMemory(store, index: 0, lengthBytes, isTransient: true);

    /// <summary>
    /// Creates the file at <paramref name="path"/>, in the place of another that may be there, and allocates its first blocks. The other is
    /// removed and not overwritten: somebody may still be reading from it.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="index">Its number.</param>
    /// <param name="path">The file.</param>
    /// <param name="lengthBytes">What the file may grow to.</param>
    /// <param name="fileBytes">What it has at first.</param>
    /// <exception cref="IOException">The disk is full or the path cannot be written; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">The path cannot be written.</exception>
    public static SegmentFile CreateOnDisk(SliceStore store, int index, string path, int lengthBytes, int fileBytes)
    {
        File.Delete(path);
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            NativeMemory.Preallocate(file, 0, fileBytes);
            return new SegmentFile(store, index, file, lengthBytes, fileBytes, path);
        }
        catch (IOException error)
        {
            file.Dispose();
            File.Delete(path);
            throw new IOException($"segment {path} cannot be made: {error.Message}", error);
        }
    }

    /// <summary>
    /// Opens a segment of an earlier run and makes it as long as asked for; what was cut off it reads as zeros, which no checksum agrees
    /// with. It grows from there.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="index">Its number.</param>
    /// <param name="path">The file.</param>
    /// <param name="lengthBytes">What the file may grow to.</param>
    /// <param name="fileBytes">What it is to have now.</param>
    /// <exception cref="IOException">The file cannot be opened or made longer; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public static SegmentFile Open(SliceStore store, int index, string path, int lengthBytes, int fileBytes)
    {
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            long length = RandomAccess.GetLength(file);
            if (length < fileBytes)
            {
                NativeMemory.Preallocate(file, 0, fileBytes);
            }
            else if (length > fileBytes)
            {
                RandomAccess.SetLength(file, fileBytes);
            }

            return new SegmentFile(store, index, file, lengthBytes, fileBytes, path);
        }
        catch (IOException error)
        {
            file.Dispose();
            throw new IOException($"segment {path} cannot be used: {error.Message}", error);
        }
    }

    /// <summary>Whether the file still stands where it was made; always without a file.</summary>
    public bool IsInPlace => _path is null || NativeMemory.IsLinked(_file, _path);

    /// <summary>
    /// Makes the file longer, with blocks for all of it. Called by one thread at a time, without the store's lock; what was added is not
    /// allocated from before <see cref="ExtentAllocator.Open"/>. After an exception the file is as long as before.
    /// </summary>
    /// <exception cref="IOException">The disk is full or fails, or the file was cut short; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be used any more.</exception>
    public void Grow(int fileBytes)
    {
        try
        {
            _watch!.Grow(fileBytes);
        }
        catch (IOException error)
        {
            throw new IOException($"segment {_path} cannot grow: {error.Message}", error);
        }

        FileBytes = fileBytes;
    }

    /// <summary>The mapped bytes of one extent, for the kernel to read.</summary>
    public ReadOnlyMemory<byte> Map(int offsetBytes, int lengthBytes) => CreateMemory(offsetBytes, lengthBytes);

    /// <summary>Whether a send of this part waits for no device; at most <see cref="NativeMemory.MaxResidencyBytes"/>.</summary>
    public bool IsResident(int offsetBytes, int lengthBytes) =>
        _path is null || NativeMemory.IsResident(_address, offsetBytes, lengthBytes);

    /// <summary>Waits until this part is in memory.</summary>
    /// <returns>False when it cannot be read: the file was cut short, or the device fails.</returns>
    public bool BringIn(int offsetBytes, int lengthBytes)
    {
        try
        {
            if (_watch is not null && _watch.Look() < (long)offsetBytes + lengthBytes)
            {
                // Cut inside its last page the file would still populate, with zeros.
                return false;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Called on a thread of the caller's own, where it would end the process.
            return false;
        }

        return NativePages.Populate(_address, _file, offsetBytes, lengthBytes) switch
        {
            PagesResult.Present => true,
            PagesResult.Unreadable => false,
            _ => BringInByReading(offsetBytes, lengthBytes),
        };
    }

    /// <summary>The same with pread(2), for kernels that cannot populate a mapping; dearer by the copy.</summary>
    internal bool BringInByReading(int offsetBytes, int lengthBytes)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            int end = offsetBytes + lengthBytes;
            for (int at = offsetBytes; at < end; at += ReadBytes)
            {
                var piece = buffer.AsSpan(0, Math.Min(ReadBytes, end - at));
                if (Read(piece, at) != piece.Length)
                {
                    return false;
                }
            }

            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Looks whether the file still has its length; called before the first write of each slice.</summary>
    /// <exception cref="IOException">The file was cut short, or cannot be asked.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be used any more.</exception>
    public void CheckLength() => _watch?.CheckLength();

    /// <summary>
    /// Writes all of <paramref name="bytes"/> at <paramref name="offsetBytes"/>. The caller has called <see cref="CheckLength"/> before the
    /// first write of the slice.
    /// </summary>
    /// <exception cref="IOException">Disk full, read-only remount, device error, or the file is known to have been cut short.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, int offsetBytes, CancellationToken ct)
    {
        if (_watch is not null)
        {
            return _watch.WriteAsync(bytes, offsetBytes, ct);
        }

        RandomAccess.Write(_file, bytes.Span, offsetBytes);
        return ValueTask.CompletedTask;
    }

    /// <summary>Says that this part is about to be read, all of it.</summary>
    public void AdviseRead(int offsetBytes, int lengthBytes) => NativePages.Advise(_file, offsetBytes, lengthBytes);

    /// <summary>Reads with pread(2), for those who must look at the bytes themselves (TLS, checksums, shared caches).</summary>
    /// <returns>Bytes read; fewer than asked only when the file was cut short.</returns>
    public int Read(Span<byte> destination, int offsetBytes)
    {
        int total = 0;
        while (total < destination.Length)
        {
            int read = RandomAccess.Read(_file, destination[total..], offsetBytes + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new((void*)_address, LengthBytes);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new((byte*)_address + elementIndex);

    /// <inheritdoc/>
    public override void Unpin()
    {
        // The mapping does not move.
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address != 0)
        {
            NativeMemory.Unmap(address, LengthBytes);
            _file.Dispose();
        }
    }

    private static SegmentFile CreateInMemory(SliceStore store, int index, int lengthBytes, bool isTransient)
    {
        var file = NativeMemory.CreateMemoryFile("pingora-slice-segment");
        try
        {
            RandomAccess.SetLength(file, lengthBytes);
            return new SegmentFile(store, index, file, lengthBytes, lengthBytes, path: null) { IsTransient = isTransient };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
