namespace Slice.Net.Origin;

/// <summary>
/// Where redirects of objects have led, so that the slices of an object do not ask for the redirect each. In memory only: what is signed
/// must not outlive the process. Thread-safe.
/// </summary>
internal sealed class RedirectMemory(TimeProvider time)
{
    /// <summary>Most objects that are remembered; the oldest makes room. Arbitrary: at most 8 MiB of targets.</summary>
    public const int Capacity = 1024;

    /// <summary>How long a target is used: 1 h. Arbitrary: signatures last minutes or hours, and one that is over is noticed.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (RedirectTarget? Target, long At)> _targets = [];

    /// <summary>Where the redirect of an object has led lately; null when that is not known, or was of no use any more.</summary>
    /// <param name="key">Host and target of the object.</param>
    /// <param name="wasRedirected">Whether the object was redirected lately.</param>
    public RedirectTarget? Find(string key, out bool wasRedirected)
    {
        lock (_lock)
        {
            wasRedirected = _targets.TryGetValue(key, out var known);
            return wasRedirected && time.GetElapsedTime(known.At) < Lifetime ? known.Target : null;
        }
    }

    /// <summary>Remembers where it has led.</summary>
    public void Remember(string key, RedirectTarget target) => Set(key, target);

    /// <summary>Forgets the target, and not that there was a redirect: the target has refused.</summary>
    public void Expire(string key) => Set(key, null);

    /// <summary>Forgets that there was a redirect.</summary>
    public void Forget(string key)
    {
        lock (_lock)
        {
            _targets.Remove(key);
        }
    }

    private void Set(string key, RedirectTarget? target)
    {
        lock (_lock)
        {
            if (_targets.Count == Capacity && !_targets.ContainsKey(key))
            {
                _targets.Remove(_targets.MinBy(static known => known.Value.At).Key);
            }

            _targets[key] = (target, time.GetTimestamp());
        }
    }
}
