namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>What stands before the instances and gives each request to one of them. Not thread-safe.</summary>
internal abstract class Balancer(string name, int instances)
{
    private readonly int[] _inFlight = new int[instances];
    private readonly PriorityQueue<int, double> _ends = new();

    /// <summary>Its name in the table.</summary>
    public string Name => name;

    /// <summary>Whether one object always goes to one instance, or nearly so.</summary>
    public virtual bool Hashes => true;

    /// <summary>Requests in flight at each instance.</summary>
    protected int[] InFlight => _inFlight;

    /// <summary>Requests in flight at all of them.</summary>
    protected int TotalInFlight => _ends.Count;

    /// <summary>The most requests in flight at one instance, as a multiple of the average; 1 without any.</summary>
    public double MaxToMean => TotalInFlight == 0 ? 1 : _inFlight.Max() * (double)_inFlight.Length / TotalInFlight;

    /// <summary>Gives a request to an instance, where it is in flight for so long.</summary>
    public int Give(FleetRequest request, double seconds)
    {
        while (_ends.TryPeek(out int ended, out double endSeconds) && endSeconds <= request.AtSeconds)
        {
            _ends.Dequeue();
            _inFlight[ended]--;
        }

        int instance = Choose(HashRing.Hash((ulong)request.Object));
        _inFlight[instance]++;
        _ends.Enqueue(instance, request.AtSeconds + seconds);
        return instance;
    }

    /// <summary>The instance for a URL of this hash.</summary>
    protected abstract int Choose(ulong urlHash);
}
