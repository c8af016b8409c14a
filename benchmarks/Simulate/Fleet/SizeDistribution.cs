namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>How the lengths of objects lie around their mean.</summary>
internal enum SizeDistribution
{
    /// <summary>All alike.</summary>
    Fixed,

    /// <summary>Exponential.</summary>
    Exponential,

    /// <summary>Log-normal with a sigma of 1.5: half of the objects are shorter than a third of the mean, and few are very long.</summary>
    LogNormal,
}
