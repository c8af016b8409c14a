using System.Buffers.Binary;
using System.IO.Hashing;

namespace Slice.Net.SharedCache.Memcached;

/// <summary>
/// How a value that is too long for one item of a server is cut up. The head, under the key itself, holds a preamble and the first piece
/// of the value; parts under <c>KEY/0</c>, <c>KEY/1</c>, … hold the others, each behind the digest of the whole value. All pieces but the
/// last have one length. No key of the store's users has a slash.
/// </summary>
/// <remarks>
/// <para>
/// Preamble: <c>psl1</c> (4 bytes), length of the value (4, little-endian), XxHash128 of the value (16). A part whose digest is another one
/// belongs to another version, and there is no value then.
/// </para>
/// <para>
/// A random number in place of the digest would tell versions apart as well, but also two copies of one version: instances that have
/// fetched the same slice at once would write over each other's parts, and what is left would not fit together until the next write.
/// </para>
/// </remarks>
/// <param name="TotalBytes">Length of the value.</param>
/// <param name="PieceBytes">Length of each piece but the last; below that of the value.</param>
internal readonly record struct SplitLayout(int TotalBytes, int PieceBytes)
{
    /// <summary>Longest value that is stored in pieces: 64 MiB, far above the longest slice.</summary>
    public const int LongestValue = 64 << 20;

    /// <summary>Length of the preamble.</summary>
    public const int PreambleBytes = 8 + DigestBytes;

    /// <summary>Length of the digest.</summary>
    public const int DigestBytes = 16;

    /// <summary>
    /// What an item needs beside its value. Measured with memcached 1.6.18: 63 bytes and the key, so 313 with its longest key, 250.
    /// </summary>
    public const int ItemOverheadBytes = 512;

    /// <summary>Smallest limit of a server's (-I).</summary>
    public const int SmallestItem = 1024;

    /// <summary>The number beside a value that is whole.</summary>
    public const uint WholeFlags = 0;

    /// <summary>The number beside a head.</summary>
    public const uint HeadFlags = 1;

    /// <summary>The number beside a part.</summary>
    public const uint PartFlags = 2;

    /// <summary>Number of parts beside the head.</summary>
    public int PartCount => (TotalBytes - 1) / PieceBytes;

    /// <summary>The layout of a value for servers with this item limit.</summary>
    public static SplitLayout Of(int totalBytes, int itemBytes) => new(totalBytes, itemBytes - ItemOverheadBytes - PreambleBytes);

    /// <summary>Longest value that fits one item.</summary>
    public static int LongestWhole(int itemBytes) => itemBytes - ItemOverheadBytes;

    /// <summary>The key of a part.</summary>
    public static string PartKey(string key, int part) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{key}/{part}");

    /// <summary>Where a part is in the value.</summary>
    public (int Offset, int Length) Part(int part)
    {
        int offset = (part + 1) * PieceBytes;
        return (offset, Math.Min(PieceBytes, TotalBytes - offset));
    }

    /// <summary>The preamble of a value; its last <see cref="DigestBytes"/> are the digest.</summary>
    public static byte[] Preamble(ReadOnlySpan<byte> value)
    {
        byte[] preamble = new byte[PreambleBytes];
        "psl1"u8.CopyTo(preamble);
        BinaryPrimitives.WriteInt32LittleEndian(preamble.AsSpan(4), value.Length);
        XxHash128.Hash(value, preamble.AsSpan(8));
        return preamble;
    }

    /// <summary>Reads a preamble.</summary>
    /// <param name="preamble">The beginning of a head.</param>
    /// <param name="headBytes">Length of the whole head.</param>
    /// <param name="layout">The layout, when the result is true.</param>
    /// <returns>False when nobody of ours has written it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> preamble, int headBytes, out SplitLayout layout)
    {
        layout = default;
        if (preamble.Length != PreambleBytes || !preamble.StartsWith("psl1"u8))
        {
            return false;
        }

        layout = new SplitLayout(BinaryPrimitives.ReadInt32LittleEndian(preamble[4..]), headBytes - PreambleBytes);
        return layout.PieceBytes >= SmallestItem - ItemOverheadBytes - PreambleBytes
            && layout.TotalBytes > layout.PieceBytes
            && layout.TotalBytes <= LongestValue;
    }
}
