namespace Slice.Tests.Fuzzing;

/// <summary>
/// Numbers that follow from a seed alone, on every machine and runtime (SplitMix64, Steele, Lea and Flood 2014). Cheap to make: every input
/// has one of its own, so that a single input can be made again without those before it. Not thread-safe.
/// </summary>
internal sealed class FuzzRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong bits = _state;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }

    /// <summary>A number from 0 to below <paramref name="bound"/>, which is positive.</summary>
    public int Below(int bound) => (int)(NextBits() % (uint)bound);

    /// <summary>One of these, of which there is at least one.</summary>
    public T Pick<T>(IReadOnlyList<T> choices) => choices[Below(choices.Count)];

    /// <summary>True once in <paramref name="times"/>.</summary>
    public bool OneIn(int times) => Below(times) == 0;
}
