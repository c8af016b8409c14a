using System.Buffers.Binary;

namespace Slice.Host.Demo;

/// <summary>
/// The bytes of the sample objects: each follows from its position and the object's seed, so that origin and client agree on any
/// size without storing it. Pure.
/// </summary>
/// <remarks>
/// The content is a row of 8-byte words, and word <c>i</c> is a bijective mix of <c>i</c> and the seed. No two words of an object are
/// equal, so a slice that lands at another slice's place is noticed; a pattern that repeats would hide exactly that.
/// </remarks>
internal static class DemoContent
{
    private const int WordBytes = 8;

    // The finalizer of SplitMix64 (Steele, Lea, Flood 2014); its multipliers are odd, hence bijective modulo 2^64.
    private const ulong FirstMultiplier = 0xBF58476D1CE4E5B9;
    private const ulong SecondMultiplier = 0x94D049BB133111EB;

    // FNV-1a, 64 bits.
    private const ulong HashOffset = 0xCBF29CE484222325;
    private const ulong HashPrime = 0x100000001B3;

    /// <summary>The seed of the object at a request-target: every target, query included, is an object of its own.</summary>
    public static ulong SeedOf(ReadOnlySpan<byte> target)
    {
        ulong hash = HashOffset;
        foreach (byte character in target)
        {
            hash = (hash ^ character) * HashPrime;
        }

        return hash;
    }

    /// <summary>Writes the content from <paramref name="position"/> (0 or more) on; an empty destination is a no-op.</summary>
    public static void Fill(long position, Span<byte> destination, ulong seed)
    {
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

        for (; destination.Length >= WordBytes; destination = destination[WordBytes..])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination, Word(index++, seed));
        }

        BinaryPrimitives.WriteUInt64LittleEndian(word, Word(index, seed));
        word[..destination.Length].CopyTo(destination);
    }

    private static ulong Word(ulong index, ulong seed)
    {
        ulong mixed = index ^ seed;
        mixed = (mixed ^ (mixed >> 30)) * FirstMultiplier;
        mixed = (mixed ^ (mixed >> 27)) * SecondMultiplier;
        return mixed ^ (mixed >> 31);
    }
}
