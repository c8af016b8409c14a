namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>
/// Instances with the product's eviction behind a balancer. What an instance misses does not depend on the tier behind it, so every tier is
/// asked for the same misses in one run.
/// </summary>
internal sealed class FleetSimulation : IDisposable
{
    private readonly FleetOptions _options;
    private readonly FleetTrace _trace;
    private readonly Balancer _balancer;
    private readonly SimulatedTier[] _tiers;
    private readonly long[] _fetchedOfNew;
    private readonly StorePolicy[] _caches;
    private readonly long[] _servedByInstance;
    private long _served;
    private long _missed;
    private double _inFlightRatios;
    private long _requests;

    public FleetSimulation(FleetOptions options, FleetTrace trace, Balancer balancer)
    {
        _options = options;
        _trace = trace;
        _balancer = balancer;
        _tiers = [.. Tiers(options, trace.Catalogue.Slices)];
        _fetchedOfNew = new long[_tiers.Length];
        int capacity = Math.Max(1, (int)(trace.Catalogue.Slices * options.LocalShare));
        _caches = [.. Enumerable.Range(0, options.Instances).Select(_ => new StorePolicy(capacity))];
        _servedByInstance = new long[options.Instances];
    }

    /// <summary>The balancers that are compared.</summary>
    public static IEnumerable<Balancer> Balancers(FleetOptions options) =>
    [
        new RoundRobinBalancer(options.Instances),
        new HashBalancer("hashing", options.Instances, options.RingPoints, double.PositiveInfinity),
        new HashBalancer(
            FormattableString.Invariant($"hashing, bound {options.BoundFactor}"),
            options.Instances,
            options.RingPoints,
            options.BoundFactor),
    ];

    /// <summary>Runs once, and gives a row for each tier.</summary>
    public IReadOnlyList<FleetRow> Run()
    {
        double halfSeconds = _options.Requests / _options.RequestsPerSecond / 2;
        bool isCounted = false;
        foreach (FleetRequest request in _trace.Requests())
        {
            if (!isCounted && request.AtSeconds >= halfSeconds)
            {
                isCounted = true;
                ResetCounts();
            }

            double seconds = request.Slices * _options.SliceBytes / _options.ClientBytesPerSecond;
            Serve(request, _balancer.Give(request, seconds));
        }

        return [.. _tiers.Select(Row)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (StorePolicy cache in _caches)
        {
            cache.Dispose();
        }
    }

    private static IEnumerable<SimulatedTier> Tiers(FleetOptions options, int slices)
    {
        yield return new SimulatedTier("none", slices, 0, collapses: false, options.WindowSeconds);
        foreach (double share in options.TierShares)
        {
            int capacity = Math.Max(1, (int)(share * slices));
            yield return new SimulatedTier(
                FormattableString.Invariant($"{share * 100:0.#} %, collapsing"), slices, capacity, collapses: true, options.WindowSeconds);
        }

        yield return new SimulatedTier("all, collapsing", slices, slices, collapses: true, options.WindowSeconds);
        yield return new SimulatedTier("all, no collapsing", slices, slices, collapses: false, options.WindowSeconds);
    }

    private void Serve(FleetRequest request, int instance)
    {
        _requests++;
        _served += request.Slices;
        _servedByInstance[instance] += request.Slices;
        _inFlightRatios += _balancer.MaxToMean;
        for (int slice = request.FirstSlice; slice < request.FirstSlice + request.Slices; slice++)
        {
            // What the instance is fetching itself counts as a hit: it asks once, however many wait.
            if (!_caches[instance].Request(slice))
            {
                Miss(request, slice);
            }
        }
    }

    private void Miss(FleetRequest request, int slice)
    {
        _missed++;
        for (int tier = 0; tier < _tiers.Length; tier++)
        {
            if (_tiers[tier].Get(slice, request.AtSeconds) && request.Object >= _options.Objects)
            {
                _fetchedOfNew[tier]++;
            }
        }
    }

    private void ResetCounts()
    {
        (_requests, _served, _missed, _inFlightRatios) = (0, 0, 0, 0);
        Array.Clear(_servedByInstance);
        Array.Clear(_fetchedOfNew);
        Array.ForEach(_tiers, tier => tier.ResetCounts());
    }

    private FleetRow Row(SimulatedTier tier, int index)
    {
        var model = new FleetModel(_options);
        double served = _served;
        int newSlices = _trace.Catalogue.Slices - _trace.Catalogue.FirstSliceOf(_options.Objects);
        return new FleetRow
        {
            Balancer = _balancer.Name,
            Tier = tier.Name,
            TierShare = tier.Share,
            Collapses = tier.Collapses,
            ServedGib = served * _options.SliceBytes / (1L << 30),
            LocalHitRatio = 1 - (_missed / served),
            LocalHitRatioOfModel = model.LocalHitRatio(_balancer.Hashes),
            TierHitRatio = _missed == 0 ? 0 : (double)tier.Read / _missed,
            OriginToServed = tier.Fetched / served,
            OriginToServedOfModel = model.OriginToServed(_balancer.Hashes, tier.Share),
            TierReadToServed = tier.Read / served,
            TierWrittenToServed = tier.Written / served,
            OriginToNewObject = newSlices == 0 ? 0 : (double)_fetchedOfNew[index] / newSlices,
            BytesMaxToMean = _servedByInstance.Max() * _servedByInstance.Length / served,
            InFlightMaxToMean = _inFlightRatios / _requests,
        };
    }
}
