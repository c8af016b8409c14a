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
    private readonly Dictionary<string, (RedirectEnd? End, long At)> _ends = [];

    /// <summary>Where the redirect of an object has led lately; null when that is not known, or was of no use any more.</summary>
    /// <param name="key">Stands for all that the redirect may depend on.</param>
    /// <param name="wasRedirected">Whether the object was redirected lately.</param>
    public RedirectEnd? Find(string key, out bool wasRedirected)
    {
        lock (_lock)
        {
            wasRedirected = _ends.TryGetValue(key, out var known);
            return wasRedirected && time.GetElapsedTime(known.At) < Lifetime ? known.End : null;
        }
    }

    /// <summary>Remembers where it has led.</summary>
    public void Remember(string key, RedirectEnd end) => Set(key, end);

    /// <summary>Forgets the target, and not that there was a redirect: the target has refused.</summary>
    public void Expire(string key) => Set(key, null);

    /// <summary>Forgets that there was a redirect.</summary>
    public void Forget(string key)
    {
        lock (_lock)
        {
            _ends.Remove(key);
        }
    }

    private void Set(string key, RedirectEnd? end)
    {
        lock (_lock)
        {
            if (_ends.Count == Capacity && !_ends.ContainsKey(key))
            {
                _ends.Remove(_ends.MinBy(static known => known.Value.At).Key);
            }

            _ends[key] = (end, time.GetTimestamp());
        }
    }
}
