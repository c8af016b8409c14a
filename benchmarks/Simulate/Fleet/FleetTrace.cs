namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>
/// What clients ask a fleet for, generated: whole objects and ranges by Zipf's law, and in the second half new objects that many ask for at
/// once. The same options give the same requests.
/// </summary>
/// <remarks>
/// A client takes all its slices at the moment of its request. In truth they are spread over its download; but two downloads of one object
/// are as far apart in every slice as at their beginnings, so what is asked for at the same time stays so.
/// </remarks>
internal sealed class FleetTrace
{
    private readonly FleetOptions _options;
    private readonly ZipfRanks _ranks;

    public FleetTrace(FleetOptions options)
    {
        _options = options;
        _ranks = new ZipfRanks(options.Objects, options.Exponent);
        Catalogue = new Catalogue(options.Objects + options.Releases, options.ObjectSlices, options.Sizes, options.Seed);
    }

    /// <summary>The objects; new ones have the numbers from <see cref="FleetOptions.Objects"/> on.</summary>
    public Catalogue Catalogue { get; }

    /// <summary>Every request, in the order of time.</summary>
    public IEnumerable<FleetRequest> Requests()
    {
        var random = new Random(_options.Seed);
        Queue<FleetRequest> releases = Releases(new Random(_options.Seed + 1));
        double atSeconds = 0;
        for (int count = 0; count < _options.Requests; count++)
        {
            atSeconds += Gap(random, 1 / _options.RequestsPerSecond);
            while (releases.TryPeek(out FleetRequest release) && release.AtSeconds <= atSeconds)
            {
                yield return releases.Dequeue();
            }

            int index = _ranks.Next(random);
            bool isRange = random.NextDouble() < _options.RangeShare;
            yield return isRange ? Range(atSeconds, index, random) : Whole(atSeconds, index);
        }
    }

    // Time between two requests of a Poisson process.
    private static double Gap(Random random, double meanSeconds) => -Math.Log(1 - random.NextDouble()) * meanSeconds;

    private FleetRequest Whole(double atSeconds, int index) =>
        new(atSeconds, index, Catalogue.FirstSliceOf(index), Catalogue.SlicesOf(index));

    private FleetRequest Range(double atSeconds, int index, Random random)
    {
        int start = random.Next(Catalogue.SlicesOf(index));
        int slices = Math.Min(1 + random.Next(_options.RangeSlices), Catalogue.SlicesOf(index) - start);
        return new FleetRequest(atSeconds, index, Catalogue.FirstSliceOf(index) + start, slices);
    }

    private Queue<FleetRequest> Releases(Random random)
    {
        double halfSeconds = _options.Requests / _options.RequestsPerSecond / 2;
        List<FleetRequest> requests = [];
        for (int release = 0; release < _options.Releases; release++)
        {
            double atSeconds = halfSeconds * (1 + ((release + 0.5) / _options.Releases));
            for (int client = 0; client < _options.ReleaseRequests; client++)
            {
                atSeconds += Gap(random, _options.ReleaseSeconds / _options.ReleaseRequests);
                requests.Add(Whole(atSeconds, _options.Objects + release));
            }
        }

        return new Queue<FleetRequest>(requests.OrderBy(request => request.AtSeconds));
    }
}
