namespace Slice.Benchmarks.Micro.Parts;

/// <summary>
/// A part of the hot path that can be run by itself any number of times, by one thread and without sockets. The benchmarks take its time,
/// the tests count its allocations.
/// </summary>
internal interface IHotPathPart
{
    /// <summary>Runs the part once, as one request does.</summary>
    /// <exception cref="InvalidOperationException">The outcome is not that of a warm hit: the figure would be one of something else.
    /// </exception>
    void Run();
}
