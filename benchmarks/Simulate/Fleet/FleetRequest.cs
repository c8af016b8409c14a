namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>One request of a client.</summary>
/// <param name="AtSeconds">When it comes, in seconds from the beginning.</param>
/// <param name="Object">The number of the object.</param>
/// <param name="FirstSlice">The number of the first slice that it takes.</param>
/// <param name="Slices">How many it takes.</param>
internal readonly record struct FleetRequest(double AtSeconds, int Object, int FirstSlice, int Slices);
