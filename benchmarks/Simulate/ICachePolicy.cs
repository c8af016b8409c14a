namespace Slice.Benchmarks.Simulate;

/// <summary>A cache of a number of slices, all of one size, that only knows what is in it.</summary>
internal interface ICachePolicy
{
    /// <summary>Asks for a slice and stores it when it is not there. True for a hit.</summary>
    bool Request(int slice);
}
