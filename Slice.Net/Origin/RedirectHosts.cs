namespace Slice.Net.Origin;

/// <summary>The hosts that redirects are followed to (<c>follow_redirects_hosts</c>). Immutable.</summary>
/// <param name="entries">Hosts, and names behind <c>*.</c> that stand for all names below them.</param>
internal sealed class RedirectHosts(IReadOnlyList<string> entries)
{
    private readonly string[] _entries = [.. entries.Select(static entry => entry.ToLowerInvariant())];

    /// <summary>Whether a host is among them, whatever its port.</summary>
    /// <param name="host">In lower case; an IPv6 address in brackets.</param>
    public bool Allow(string host)
    {
        string name = host.Trim('[', ']');
        name = name.EndsWith('.') ? name[..^1] : name;
        foreach (string entry in _entries)
        {
            bool isAllowed = entry.StartsWith("*.", StringComparison.Ordinal)
                ? name.Length > entry.Length - 1 && name.EndsWith(entry[1..], StringComparison.Ordinal)
                : name == entry;
            if (isAllowed)
            {
                return true;
            }
        }

        return false;
    }
}
