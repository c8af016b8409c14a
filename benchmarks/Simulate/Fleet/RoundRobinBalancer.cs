namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>One instance after the other, whatever is asked for.</summary>
internal sealed class RoundRobinBalancer(int instances) : Balancer("round robin", instances)
{
    private int _next;

    /// <inheritdoc/>
    public override bool Hashes => false;

    /// <inheritdoc/>
    protected override int Choose(ulong urlHash)
    {
        int chosen = _next;
        _next = (_next + 1) % InFlight.Length;
        return chosen;
    }
}
