using System.Buffers;
using System.IO.Hashing;

namespace Slice.Core.Storage;

/// <summary>
/// The checksum of a slice's bytes: the low half of their XxHash3. 32 bits keep the index small; damage goes unnoticed once in four
/// billion damaged slices.
/// </summary>
internal static class SliceChecksum
{
    private const int ReadBytes = 64 << 10;

    /// <summary>Of what was hashed so far.</summary>
    public static uint Of(XxHash3 hash) => (uint)hash.GetCurrentHashAsUInt64();

    /// <summary>Of all the bytes of a slice.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => (uint)XxHash3.HashToUInt64(bytes);

    /// <summary>Of the bytes that are stored. The caller holds a lease, and waits for the disk when they are not in memory.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public static uint OfStored(StoredSlice slice)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            var hash = new XxHash3();
            for (int position = 0; position < slice.LengthBytes;)
            {
                var piece = buffer.AsSpan(0, Math.Min(buffer.Length, slice.LengthBytes - position));
                if (slice.Read(piece, position) != piece.Length)
                {
                    throw new IOException("the segment was cut short");
                }

                hash.Append(piece);
                position += piece.Length;
            }

            return Of(hash);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
