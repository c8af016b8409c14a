using System.Numerics;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// Bytes by the age of what they are in, so that the oldest can be named without a list of all: the step between two ages is about one in
/// a hundred, and the whole of it 16 KiB. For one thread.
/// </summary>
internal sealed class AgeHistogram
{
    private const int StepsPerDoubling = 64;

    // Ages up to 2^32 ms, 49 days: above the longest lifetime.
    private const int Doublings = 32;
    private const long NsPerMs = 1_000_000;

    private readonly long[] _bytes = new long[StepsPerDoubling * Doublings];

    /// <summary>Adds something of an age.</summary>
    public void Add(long ageNs, long lengthBytes) => _bytes[StepOf(ageNs)] += lengthBytes;

    /// <summary>
    /// The youngest step that has to go, with all older ones, so that so many bytes go; the number of steps when none has to.
    /// </summary>
    public int OldestStepsOf(long excessBytes)
    {
        int step = _bytes.Length;
        for (long going = 0; going < excessBytes && step > 0;)
        {
            going += _bytes[--step];
        }

        return step;
    }

    /// <summary>The step of an age.</summary>
    public static int StepOf(long ageNs)
    {
        // Within a doubling the steps are equal: what follows the first bit of the age.
        ulong age = (ulong)Math.Clamp(ageNs / NsPerMs, 0, uint.MaxValue - 1) + 1;
        int doubling = BitOperations.Log2(age);
        ulong within = ((age << (Doublings - 1)) >> doubling) - (1UL << (Doublings - 1));
        return (doubling * StepsPerDoubling) + (int)(within >> (Doublings - 1 - BitOperations.Log2(StepsPerDoubling)));
    }
}
