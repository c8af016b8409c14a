namespace Slice.Benchmarks.Simulate;

/// <summary>
/// Requests for slices, generated: objects whose popularity follows Zipf's law, with scans between them. The same seed gives the same
/// requests.
/// </summary>
/// <remarks>
/// Slices of objects have the numbers from 0; a scan has numbers of its own that never come again, as a download that nobody repeats.
/// </remarks>
/// <param name="objects">Objects that are asked for by popularity.</param>
/// <param name="slicesPerObject">Slices of each; a request for an object asks for all of them in order.</param>
/// <param name="alpha">Zipf's exponent: the n-th popular object is asked for in proportion to n to the minus alpha.</param>
/// <param name="scanShare">Share of the requests that belong to scans, 0 to 1.</param>
/// <param name="scanSlices">Slices of one scan.</param>
/// <param name="seed">Seed.</param>
internal sealed class Trace(int objects, int slicesPerObject, double alpha, double scanShare, int scanSlices, int seed)
{
    /// <summary>Slices that are asked for by popularity; cache sizes are shares of it.</summary>
    public int Footprint => objects * slicesPerObject;

    /// <summary>The first <paramref name="count"/> requests.</summary>
    public IEnumerable<int> Requests(long count)
    {
        var random = new Random(seed);
        var ranks = new ZipfRanks(objects, alpha);
        int[] numbers = Shuffled(random);
        int nextScanned = Footprint;
        while (count > 0)
        {
            // A scan is as long as so many requests for objects, so it begins that much more rarely.
            bool isScan = random.NextDouble() * ((scanShare * slicesPerObject) + ((1 - scanShare) * scanSlices))
                < scanShare * slicesPerObject;
            int first = nextScanned;
            int length = scanSlices;
            if (isScan)
            {
                nextScanned += length;
            }
            else
            {
                first = numbers[ranks.Next(random)] * slicesPerObject;
                length = slicesPerObject;
            }

            for (int slice = first; slice < first + length && count > 0; slice++, count--)
            {
                yield return slice;
            }
        }
    }

    // Neighbours in number are not neighbours in popularity.
    private int[] Shuffled(Random random)
    {
        int[] numbers = [.. Enumerable.Range(0, objects)];
        random.Shuffle(numbers);
        return numbers;
    }
}
