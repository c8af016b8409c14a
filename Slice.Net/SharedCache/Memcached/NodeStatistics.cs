using System.Text;

namespace Slice.Net.SharedCache.Memcached;

/// <summary>What a server says about itself (<c>stats</c>).</summary>
internal sealed class NodeStatistics
{
    // No version is longer; a line is up to 2 KiB.
    private const int LongestVersion = 40;

    /// <summary>Its version.</summary>
    public string Version { get; private set; } = "of an unknown version";

    /// <summary>Bytes of the items that it has.</summary>
    public ulong UsedBytes { get; private set; }

    /// <summary>Bytes that it may use (<c>-m</c>).</summary>
    public ulong LimitBytes { get; private set; }

    /// <summary>Items that it has dropped before their time to make room, since its start.</summary>
    public ulong Evictions { get; private set; }

    /// <summary>Reads a line <c>STAT name value</c>; false when it is none. Names that nobody needs here are left out.</summary>
    public bool TryAdd(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("STAT "u8) || line[5..].IndexOf((byte)' ') is not (> 0 and var end))
        {
            return false;
        }

        var name = line.Slice(5, end);
        var value = line[(end + 6)..];
        if (name.SequenceEqual("version"u8))
        {
            Version = Encoding.ASCII.GetString(value[..Math.Min(value.Length, LongestVersion)]);
            return !value.ContainsAnyExceptInRange((byte)'!', (byte)'~');
        }

        if (!name.SequenceEqual("bytes"u8) && !name.SequenceEqual("limit_maxbytes"u8) && !name.SequenceEqual("evictions"u8))
        {
            return true;
        }

        bool isRead = MetaAnswer.TryReadNumber(value, out ulong number);
        (UsedBytes, LimitBytes, Evictions) = (name[0], name[1]) switch
        {
            ((byte)'b', _) => (number, LimitBytes, Evictions),
            ((byte)'l', _) => (UsedBytes, number, Evictions),
            _ => (UsedBytes, LimitBytes, number),
        };
        return isRead;
    }
}
