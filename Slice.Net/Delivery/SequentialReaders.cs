using System.Runtime.CompilerServices;
using Slice.Core.Objects;
using Slice.Core.Ranges;

namespace Slice.Net.Delivery;

/// <summary>
/// Remembers where the last ranges ended, of all objects, so that a range that begins there is known for the next of a reader that goes
/// through an object piece by piece, over one connection or several. Thread-safe, without locks and allocations.
/// </summary>
/// <remarks>
/// A table in which an object and a position have one place, by their hash, and the latest to come there stays: one that is pushed out, or
/// lost when two threads write at once, is a reader that is found at its next range.
/// </remarks>
internal sealed class SequentialReaders
{
    // Readers that are known at a time, in 32 KiB. Arbitrary.
    private const int Places = 4096;

    private readonly ulong[] _ends = new ulong[Places];

    /// <summary>Notes a range; whether it began where one before it ended.</summary>
    public bool Note(Generation generation, ByteRange range)
    {
        ulong start = Hash(generation, range.Start);
        ref ulong place = ref PlaceOf(start);
        bool goesOn = Volatile.Read(ref place) == start;
        if (goesOn)
        {
            Volatile.Write(ref place, 0);
        }

        ulong end = Hash(generation, range.End);
        Volatile.Write(ref PlaceOf(end), end);
        return goesOn;
    }

    private ref ulong PlaceOf(ulong hash) => ref _ends[(hash >> 32) % Places];

    // SplitMix64's finalizer over both, so that neighbours are far from each other.
    private static ulong Hash(Generation generation, long position)
    {
        ulong hash = (ulong)position + ((ulong)(uint)RuntimeHelpers.GetHashCode(generation) * 0x9E3779B97F4A7C15);
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
        return (hash ^ (hash >> 31)) | 1;
    }
}
