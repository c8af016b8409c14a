using System.Buffers.Binary;

namespace Slice.Tests.Support;

/// <summary>
/// Writes the bytes a representation has from <paramref name="position"/> on, as many as <paramref name="destination"/> holds.
/// </summary>
public delegate void ContentFill(long position, Span<byte> destination);

/// <summary>
/// Content whose every byte follows from its position and the version's seed, so that origin, file and client agree on terabytes
/// without storing them. Pure and thread-safe.
/// </summary>
/// <remarks>
/// The content is a row of 8-byte words. Word <c>i</c> is a bijective mix of <c>i</c> and the seed: within one version no two words are
/// equal, hence a slice that lands at another slice's place differs from what belongs there, whatever the distance; a counter byte would
/// repeat every 256 bytes and hide exactly that fault.
/// </remarks>
public static class TestContent
{
    private const int WordBytes = 8;

    // The two odd multipliers of SplitMix64 (Steele, Lea, Flood 2014); odd means bijective modulo 2^64.
    private const ulong FirstMultiplier = 0xBF58476D1CE4E5B9;
    private const ulong SecondMultiplier = 0x94D049BB133111EB;
    private const ulong SeedMultiplier = 0x9E3779B97F4A7C15;

    /// <summary>
    /// Writes the content of version <paramref name="seed"/> from <paramref name="position"/> (0 or more) on; an empty span is a no-op.
    /// </summary>
    public static void Fill(long position, Span<byte> destination, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        Span<byte> word = stackalloc byte[WordBytes];
        ulong index = (ulong)position / WordBytes;
        int skip = (int)(position % WordBytes);
        if (skip != 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, Word(index++, seed));
            int take = Math.Min(WordBytes - skip, destination.Length);
            word.Slice(skip, take).CopyTo(destination);
            destination = destination[take..];
        }

        while (destination.Length >= WordBytes)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination, Word(index++, seed));
            destination = destination[WordBytes..];
        }

        if (!destination.IsEmpty)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, Word(index, seed));
            word[..destination.Length].CopyTo(destination);
        }
    }

    /// <summary>The content of version <paramref name="seed"/> as the function a <see cref="VerifyingSink"/> takes.</summary>
    public static ContentFill Version(int seed) => (position, destination) => Fill(position, destination, seed);

    /// <summary>
    /// <paramref name="count"/> bytes from <paramref name="position"/> on, as a new array; for expectations small enough to store.
    /// </summary>
    public static byte[] Bytes(long position, int count, int seed)
    {
        var bytes = new byte[count];
        Fill(position, bytes, seed);
        return bytes;
    }

    private static ulong Word(ulong index, int seed)
    {
        ulong x = index ^ ((ulong)(uint)seed * SeedMultiplier);
        x = (x ^ (x >> 30)) * FirstMultiplier;
        x = (x ^ (x >> 27)) * SecondMultiplier;
        return x ^ (x >> 31);
    }
}
