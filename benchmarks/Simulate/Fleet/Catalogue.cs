namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>
/// The objects of an origin and their lengths in slices; slices have consecutive numbers. The lower an object's number, the more popular it
/// is; its length has nothing to do with that. Immutable.
/// </summary>
internal sealed class Catalogue
{
    // Arbitrary, and near what is published of files on the web.
    private const double LogNormalSigma = 1.5;

    private readonly int[] _firstSlices;

    /// <param name="objects">How many objects.</param>
    /// <param name="meanSlices">Slices of an object on average, at least 1.</param>
    /// <param name="distribution">How lengths lie around it.</param>
    /// <param name="seed">The same seed gives the same lengths.</param>
    public Catalogue(int objects, double meanSlices, SizeDistribution distribution, int seed)
    {
        var random = new Random(seed);
        _firstSlices = new int[objects + 1];
        for (int index = 0; index < objects; index++)
        {
            double slices = meanSlices * Factor(distribution, random);
            _firstSlices[index + 1] = checked(_firstSlices[index] + Math.Max(1, (int)Math.Round(slices)));
        }
    }

    /// <summary>Slices of all objects.</summary>
    public int Slices => _firstSlices[^1];

    /// <summary>The number of an object's first slice.</summary>
    public int FirstSliceOf(int index) => _firstSlices[index];

    /// <summary>Slices of an object, at least one.</summary>
    public int SlicesOf(int index) => _firstSlices[index + 1] - _firstSlices[index];

    // With a mean of 1.
    private static double Factor(SizeDistribution distribution, Random random) => distribution switch
    {
        SizeDistribution.Exponential => -Math.Log(1 - random.NextDouble()),
        SizeDistribution.LogNormal => Math.Exp((LogNormalSigma * Normal(random)) - (LogNormalSigma * LogNormalSigma / 2)),
        _ => 1,
    };

    // Box and Muller's.
    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
