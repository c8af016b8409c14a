using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// What stands before a value in its file, 40 bytes, little-endian: a mark with the version of this layout, a hash of the key, the
/// lifetime in milliseconds, the length of the value, and XxHash3 of the 32 bytes before it. The value's own bytes are checked by whoever
/// understands them.
/// </summary>
/// <param name="KeyHash">XxHash3 of the key: a file system that does not tell names apart by case gives no foreign value.</param>
/// <param name="LifetimeMs">How long the value lives from the time on when its file was written, by the server's clock.</param>
/// <param name="LengthBytes">Length of the value.</param>
internal readonly record struct ValueHeader(ulong KeyHash, long LifetimeMs, long LengthBytes)
{
    /// <summary>Its length.</summary>
    public const int Bytes = 40;

    // "pslice" and the version 1, as bytes.
    private const ulong Mark = 0x0001_6563_696C_7370;
    private const int KeyAt = 8;
    private const int LifetimeAt = 16;
    private const int LengthAt = 24;
    private const int ChecksumAt = 32;
    private const long NsPerMs = 1_000_000;

    // One second, as long as the coarsest clock of a file system takes for a step.
    private const long MaxFutureNs = 1000 * NsPerMs;

    // Beyond it somebody else's arithmetic wrote the file. 30 days, as IKeyValueStore.LongestLifetime.
    private const long MaxLifetimeMs = 30L * 24 * 60 * 60 * 1000;

    /// <summary>That of a value.</summary>
    public static ValueHeader For(string key, TimeSpan lifetime, int lengthBytes) =>
        new(HashOf(key), Math.Max(1, (long)lifetime.TotalMilliseconds), lengthBytes);

    /// <summary>The hash of a key.</summary>
    public static ulong HashOf(string key)
    {
        Span<byte> bytes = stackalloc byte[Encoding.UTF8.GetMaxByteCount(DirectoryLayout.MaxKeyLength)];
        return XxHash3.HashToUInt64(bytes[..Encoding.UTF8.GetBytes(key, bytes)]);
    }

    /// <summary>Reads one; false when the bytes are something else, or damaged.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ValueHeader header)
    {
        header = default;
        if (bytes.Length < Bytes
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Mark
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[ChecksumAt..]) != XxHash3.HashToUInt64(bytes[..ChecksumAt]))
        {
            return false;
        }

        header = new ValueHeader(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[KeyAt..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[LifetimeAt..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[LengthAt..]));
        return true;
    }

    /// <summary>Writes it.</summary>
    /// <param name="bytes">At least <see cref="Bytes"/>.</param>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Mark);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[KeyAt..], KeyHash);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[LifetimeAt..], LifetimeMs);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[LengthAt..], LengthBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[ChecksumAt..], XxHash3.HashToUInt64(bytes[..ChecksumAt]));
    }

    /// <summary>How long the value still lives; zero or less when that is over.</summary>
    /// <param name="writtenAtNs">When its file was written.</param>
    /// <param name="nowNs">Now, by the same clock.</param>
    public TimeSpan Remaining(long writtenAtNs, long nowNs)
    {
        // A file of the future: the clock was set back, or each machine writes its own time (GlusterFS with features.ctime). Nobody can
        // tell how old that value is.
        if (LifetimeMs is < 1 or > MaxLifetimeMs || writtenAtNs - nowNs > MaxFutureNs)
        {
            return TimeSpan.Zero;
        }

        long ageMs = Math.Max(0, nowNs - writtenAtNs + NsPerMs - 1) / NsPerMs;
        return TimeSpan.FromMilliseconds(LifetimeMs - ageMs);
    }
}
