namespace Slice.Net.Handlers;

/// <summary>What the instance tells load balancers. Thread-safe.</summary>
public sealed class InstanceState
{
    private volatile int _phase;
    private volatile bool _isHandedOver;

    /// <summary>Phases in their order.</summary>
    private enum Phase
    {
        Starting,
        Healthy,
        Draining,
    }

    /// <summary>Whether new requests are welcome.</summary>
    public bool IsHealthy => _phase == (int)Phase.Healthy;

    /// <summary>The phase in one word, for <c>/health</c>.</summary>
    public string Status => ((Phase)_phase) switch
    {
        Phase.Starting => "starting",
        Phase.Healthy => "healthy",
        _ => "draining",
    };

    /// <summary>Whether another process serves the same ports from now on, with a cache that this process does not know.</summary>
    public bool IsHandedOver => _isHandedOver;

    /// <summary>All endpoints listen.</summary>
    public void SetHealthy() => Interlocked.CompareExchange(ref _phase, (int)Phase.Healthy, (int)Phase.Starting);

    /// <summary>The process is ending: running responses finish, balancers should send nobody.</summary>
    public void SetDraining() => _phase = (int)Phase.Draining;

    /// <summary>Another process is about to serve the same ports; health checks go there.</summary>
    public void SetHandedOver() => _isHandedOver = true;

    /// <summary>The other process has ended before it served: this one goes on.</summary>
    public void SetTakenBack() => _isHandedOver = false;
}
