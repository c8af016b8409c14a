namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>
/// The capacity model of docs/scaling.md: what can be said without simulating. A cache is taken for one that holds the most popular objects
/// and is somewhat smaller than it is.
/// </summary>
/// <param name="options">The fleet.</param>
internal sealed class FleetModel(FleetOptions options)
{
    // How much smaller: a cache that must find out what is popular wastes room on what is not. Chosen so that the model agrees with the
    // simulation; benchmarks/results has the comparison.
    private const double LocalFactor = 0.75;
    private const double TierFactor = 0.5;

    private readonly ZipfRanks _ranks = new(options.Objects, options.Exponent);

    /// <summary>Hit ratio of an instance: with hashing the caches of all hold different things, in turn they hold the same.</summary>
    public double LocalHitRatio(bool hashes) => _ranks.DrawsOfFirst(LocalShare(hashes));

    /// <summary>What the origin sends for what is served: what neither the local caches nor the tier have room for.</summary>
    public double OriginToServed(bool hashes, double tierShare) =>
        1 - _ranks.DrawsOfFirst(Math.Max(LocalShare(hashes), tierShare == 1 ? 1 : TierFactor * tierShare));

    private double LocalShare(bool hashes) => LocalFactor * options.LocalShare * (hashes ? options.Instances : 1);
}
