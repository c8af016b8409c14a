using System.Globalization;

namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>What a simulated fleet is made of and asked for.</summary>
internal sealed record FleetOptions
{
    /// <summary>Objects that are asked for by Zipf's law.</summary>
    public int Objects { get; init; } = 20_000;

    /// <summary>Its exponent.</summary>
    public double Exponent { get; init; } = 0.9;

    /// <summary>Bytes of an object on average.</summary>
    public long ObjectBytes { get; init; } = 40L << 20;

    /// <summary>Bytes of a slice; a shorter last one counts as whole.</summary>
    public long SliceBytes { get; init; } = 1L << 20;

    /// <summary>How lengths of objects lie around their mean.</summary>
    public SizeDistribution Sizes { get; init; } = SizeDistribution.LogNormal;

    /// <summary>Share of the requests that ask for a range, 0 to 1; the others ask for the whole object.</summary>
    public double RangeShare { get; init; } = 0.3;

    /// <summary>Slices of a range at most; every number up to it is as likely.</summary>
    public int RangeSlices { get; init; } = 8;

    /// <summary>Requests in all. The first half fills the caches and is not counted.</summary>
    public int Requests { get; init; } = 400_000;

    /// <summary>Requests per second on average, in a Poisson process.</summary>
    public double RequestsPerSecond { get; init; } = 1000;

    /// <summary>How fast a client reads, in bytes per second: how long a request is in flight.</summary>
    public double ClientBytesPerSecond { get; init; } = 20 << 20;

    /// <summary>Instances.</summary>
    public int Instances { get; init; } = 16;

    /// <summary>The local cache of each instance, as a share of the catalogue.</summary>
    public double LocalShare { get; init; } = 0.02;

    /// <summary>Limited tiers, each as a share of the catalogue.</summary>
    public IReadOnlyList<double> TierShares { get; init; } = [0.016, 0.1, 0.3];

    /// <summary>
    /// From the beginning of a fetch from the origin until the slice can be read in the tier: who misses the slice meanwhile fetches, too,
    /// or waits.
    /// </summary>
    public double WindowSeconds { get; init; } = 0.2;

    /// <summary>New objects that are published in the counted half and asked for by many at once.</summary>
    public int Releases { get; init; } = 20;

    /// <summary>Clients that ask for each of them.</summary>
    public int ReleaseRequests { get; init; } = 200;

    /// <summary>Within so many seconds.</summary>
    public double ReleaseSeconds { get; init; } = 10;

    /// <summary>Points of each instance on the ring; nginx has 160, HAProxy 16 for each unit of weight.</summary>
    public int RingPoints { get; init; } = 160;

    /// <summary>How far above the average an instance may be before its share goes to the next one on the ring.</summary>
    public double BoundFactor { get; init; } = 1.5;

    /// <summary>Seed of everything.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Slices of an object on average.</summary>
    public double ObjectSlices => Math.Max(1, ObjectBytes / (double)SliceBytes);

    /// <summary>Reads the options of the verb; <see cref="ArgumentException"/> for what is wrong.</summary>
    public static FleetOptions Parse(Arguments arguments)
    {
        var absent = new FleetOptions();
        string? sizes = arguments.Text("--sizes");
        IReadOnlyList<double> tiers = [.. arguments.All("--tier").Select(text => Arguments.ParseReal("--tier", text))];
        var options = new FleetOptions
        {
            Objects = (int)arguments.Number("--objects", absent.Objects),
            Exponent = arguments.Real("--exponent", absent.Exponent),
            ObjectBytes = arguments.Number("--object-mib", absent.ObjectBytes >> 20) << 20,
            SliceBytes = arguments.Number("--slice-kib", absent.SliceBytes >> 10) << 10,
            Sizes = sizes is null ? absent.Sizes
                : Enum.TryParse(sizes, ignoreCase: true, out SizeDistribution parsed) ? parsed
                : throw new ArgumentException($"--sizes: '{sizes}' is none of fixed, exponential, lognormal"),
            RangeShare = arguments.Real("--ranges", absent.RangeShare),
            RangeSlices = (int)arguments.Number("--range-slices", absent.RangeSlices),
            Requests = (int)arguments.Number("--requests", absent.Requests),
            RequestsPerSecond = arguments.Real("--requests-per-second", absent.RequestsPerSecond),
            ClientBytesPerSecond = arguments.Number("--client-mib-per-second", (long)absent.ClientBytesPerSecond >> 20) << 20,
            Instances = (int)arguments.Number("--instances", absent.Instances),
            LocalShare = arguments.Real("--local", absent.LocalShare),
            TierShares = tiers.Count == 0 ? absent.TierShares : tiers,
            WindowSeconds = arguments.Number("--window-ms", (long)(absent.WindowSeconds * 1000)) / 1000.0,
            Releases = (int)arguments.Number("--releases", absent.Releases),
            ReleaseRequests = (int)arguments.Number("--release-requests", absent.ReleaseRequests),
            ReleaseSeconds = arguments.Real("--release-seconds", absent.ReleaseSeconds),
            RingPoints = (int)arguments.Number("--ring-points", absent.RingPoints),
            BoundFactor = arguments.Real("--bound", absent.BoundFactor),
            Seed = (int)arguments.Number("--seed", absent.Seed),
        };
        options.Check();
        return options;
    }

    /// <summary>One line for people, enough to repeat the run.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Objects} objects of {ObjectBytes >> 20} MiB on average ({Sizes}), slices of {SliceBytes >> 10} KiB, Zipf {Exponent}; "
        + $"{Requests} requests, {RequestsPerSecond:F0} a second, {RangeShare:P0} of them ranges of up to {RangeSlices} slices; "
        + $"{Instances} instances, each with a cache of {LocalShare:P1} of the catalogue; a slice is in the tier "
        + $"{WindowSeconds * 1000:F0} ms after its fetch began; {Releases} new objects, each asked for by {ReleaseRequests} clients "
        + $"within {ReleaseSeconds:F0} s; "
        + $"{RingPoints} points on the ring; seed {Seed}");

    private void Check()
    {
        if (Objects < 1 || SliceBytes < 1 || RangeSlices < 1 || Requests < 2 || Instances < 1 || RingPoints < 1 || BoundFactor <= 1
            || RequestsPerSecond <= 0 || ClientBytesPerSecond <= 0 || ReleaseSeconds <= 0)
        {
            throw new ArgumentException("fleet: a number is too small");
        }

        if (((double[])[RangeShare, LocalShare, .. TierShares]).Any(share => share is < 0 or > 1))
        {
            throw new ArgumentException("fleet: a share is not between 0 and 1");
        }
    }
}
