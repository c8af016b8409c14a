namespace Slice.Host.Demo;

/// <summary>The rows of one demonstration.</summary>
/// <param name="Cold">All of an object that is not in the cache.</param>
/// <param name="Warm">The same object again.</param>
/// <param name="OneAtATime">An object that is not in the cache, with one slice in flight.</param>
/// <param name="Boundary">A short range of an object that is not in the cache.</param>
/// <param name="Crowd">One object that is not in the cache, for many clients at once.</param>
internal sealed record DemoResults(DemoRow Cold, DemoRow Warm, DemoRow OneAtATime, DemoRow Boundary, DemoRow Crowd)
{
    /// <summary>All rows, in the order of the table.</summary>
    public IReadOnlyList<DemoRow> All => [Cold, Warm, OneAtATime, Boundary, Crowd];
}
