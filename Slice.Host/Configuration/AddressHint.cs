using System.Buffers;

namespace Slice.Host.Configuration;

/// <summary>What to say of an IPv6 address in brackets that YAML has taken for a list.</summary>
internal static class AddressHint
{
    private static readonly SearchValues<char> s_ipv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>What to append to an error about a list that was an address, or nothing.</summary>
    /// <param name="node">
    /// The value: a list of one entry that has colons, as <c>[::1]</c> is to YAML; or a section with such a list for a key, as
    /// <c>[::1]:80</c> is inside of other brackets.
    /// </param>
    public static string OfList(ConfigurationNode node) =>
        node is ConfigurationList { Items: [ConfigurationScalar { IsPlain: true } item] } && IsIPv6Like(item.Text)
            ? $"; YAML takes brackets for a list, put the address in quotes: '[{item.Text}]:PORT'"
            : node is ConfigurationSection { Entries: [{ Key: ConfigurationList key }] } ? OfList(key) : "";

    private static bool IsIPv6Like(ReadOnlySpan<char> text) => text.Count(':') >= 2 && text.IndexOfAnyExcept(s_ipv6Characters) < 0;
}
