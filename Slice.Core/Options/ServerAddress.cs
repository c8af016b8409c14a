using System.Globalization;

namespace Slice.Core.Options;

/// <summary>Addresses of servers that have no port of their own accord: <c>host:port</c>, an IPv6 address in brackets. Pure.</summary>
public static class ServerAddress
{
    /// <summary>How an address is written, in words for an error line.</summary>
    public const string Syntax = "HOST:PORT, such as 10.0.0.5:6379 or [::1]:6379; port 1 to 65535";

    /// <summary>Most servers of one list. Arbitrary: more than a rack of them.</summary>
    public const int MaxCount = 64;

    /// <summary>Reads an address.</summary>
    /// <param name="text">The address.</param>
    /// <param name="address">Host and port, which is there; meaningless when the result is not null.</param>
    /// <returns>What is wrong, or null.</returns>
    internal static string? Parse(string text, out HostAndPort address)
    {
        address = default;
        if (text.Contains(',', StringComparison.Ordinal))
        {
            // As the connection strings of other programs have them.
            return "a comma: several addresses are a list, and each option has a key of its own";
        }

        if (text.AsSpan().ContainsAny("/?#@"))
        {
            return "only host and port belong here: user, password and TLS have keys of their own";
        }

        return HostAndPort.Parse(text, out address) is { } problem ? problem
            : address.Port is null ? "the port is missing"
            : address.Port == 0 ? "no server listens on port 0"
            : null;
    }

    /// <summary>Checks the addresses of a list, each for itself and that none is there twice. An empty list is right.</summary>
    /// <returns>Each problem with the address at fault and what is allowed instead.</returns>
    internal static IEnumerable<(string Address, string Problem, string Allowed)> CheckAll(IReadOnlyList<string> addresses)
    {
        if (addresses.Count > MaxCount)
        {
            string count = string.Create(CultureInfo.InvariantCulture, $"{addresses.Count} addresses");
            yield return (count, "too many", $"at most {MaxCount} addresses");
        }

        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach (string address in addresses)
        {
            if (Parse(address, out _) is { } problem)
            {
                yield return (address, problem, Syntax);
            }
            else if (!seen.Add(address))
            {
                yield return (address, "listed twice", "each address once");
            }
        }
    }
}
