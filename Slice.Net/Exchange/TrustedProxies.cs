using System.Net;

namespace Slice.Net.Exchange;

/// <summary>Whose word about a client is believed (<c>trusted_proxies</c>). Immutable.</summary>
internal sealed class TrustedProxies
{
    private readonly Network[] _networks;

    /// <summary>The addresses and networks of a valid configuration.</summary>
    public TrustedProxies(IReadOnlyList<string> entries) => _networks = [.. entries.Select(Network.Parse)];

    /// <summary>Whether nobody is believed.</summary>
    public bool AreNone => _networks.Length == 0;

    /// <summary>Whether an address is one of theirs; an unknown one never is.</summary>
    public bool Contain(ClientAddress address)
    {
        if (address.IsKnown)
        {
            foreach (var network in _networks)
            {
                if ((address.Bits & network.Mask) == network.Bits)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private readonly record struct Network(UInt128 Bits, UInt128 Mask)
    {
        public static Network Parse(string text)
        {
            int slash = text.IndexOf('/', StringComparison.Ordinal);
            var network = slash < 0 ? default : IPNetwork.Parse(text);
            var address = ClientAddress.Of(slash < 0 ? IPAddress.Parse(text) : network.BaseAddress);
            bool isShort = !text.Contains(':', StringComparison.Ordinal);
            int bits = slash < 0 ? 128 : network.PrefixLength + (isShort ? 96 : 0);
            var mask = bits == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - bits);
            return new Network(address.Bits & mask, mask);
        }
    }
}
