using System.Buffers.Binary;
using System.IO.Hashing;

namespace Slice.Core.SharedCache;

/// <summary>
/// The file beside a cache that says which news of other instances the cache has acted on. Pure.
/// </summary>
/// <remarks>
/// 88 bytes, little-endian: "PSLICESC", version (4), 1 when the cache was ended in order (4), what the logs belong to (16), the boot of the
/// machine (16), the number of the news (8), the number of the purges (8), the digests of both (8 each), XxHash3 of these (8).
/// </remarks>
/// <param name="Fleet">What the logs belong to: <see cref="TierNames.Fleet"/>.</param>
/// <param name="Boot">The boot of the machine, as the kernel tells it; zeros where it does not.</param>
/// <param name="IsClosed">Whether the cache was ended in order, and its journal is on the device.</param>
/// <param name="Heard">The numbers.</param>
internal readonly record struct HeardNewsFile(TierVersion Fleet, Guid Boot, bool IsClosed, HeardNews Heard)
{
    /// <summary>Bytes of the file.</summary>
    public const int SizeBytes = 88;

    private const int Version = 2;
    private const int ChecksumAt = SizeBytes - sizeof(ulong);

    private static ReadOnlySpan<byte> Magic => "PSLICESC"u8;

    /// <summary>The bytes of the file.</summary>
    public byte[] Write()
    {
        byte[] bytes = new byte[SizeBytes];
        var at = bytes.AsSpan();
        Magic.CopyTo(at);
        BinaryPrimitives.WriteInt32LittleEndian(at[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(at[12..], IsClosed ? 1 : 0);
        Fleet.Write(at[16..]);
        Boot.TryWriteBytes(at[32..]);
        BinaryPrimitives.WriteInt64LittleEndian(at[48..], Heard.News);
        BinaryPrimitives.WriteInt64LittleEndian(at[56..], Heard.Purges);
        BinaryPrimitives.WriteUInt64LittleEndian(at[64..], Heard.NewsDigest);
        BinaryPrimitives.WriteUInt64LittleEndian(at[72..], Heard.PurgesDigest);
        BinaryPrimitives.WriteUInt64LittleEndian(at[ChecksumAt..], XxHash3.HashToUInt64(at[..ChecksumAt]));
        return bytes;
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null for anything else, a file of another version among it.</summary>
    public static HeardNewsFile? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != SizeBytes
            || !bytes.StartsWith(Magic)
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) != Version
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[ChecksumAt..]) != XxHash3.HashToUInt64(bytes[..ChecksumAt]))
        {
            return null;
        }

        var heard = new HeardNews(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[64..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[72..]));
        return heard is not { News: > 0, Purges: > 0 } ? null : new HeardNewsFile(
            TierVersion.Read(bytes[16..]),
            new Guid(bytes.Slice(32, 16)),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) != 0,
            heard);
    }
}
